import { expect, it } from 'vitest';
import { tools } from '../../src/tools/index.ts';
import { type ListedSchemas, listedSchema } from '../../src/tools/listed.ts';
import { LISTED_SCHEMAS } from '../../src/tools/listed-schemas.ts';

it('the schemas that are listed are those that are checked: `npm run gen` writes them anew', () => {
  const written = JSON.parse(LISTED_SCHEMAS) as Record<string, ListedSchemas>;
  const said = Object.fromEntries(
    tools.map(({ name, input, output }) => [name, { input: listedSchema(input, 'input'), output: listedSchema(output, 'output') }]),
  );
  expect(written).toEqual(JSON.parse(JSON.stringify(said)));
});
