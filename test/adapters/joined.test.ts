import { expect, it } from 'vitest';
import { Joined } from '../../src/adapters/aws/opensearch/joined.ts';

/** Requests that end when they are told to, and what state each of them saw at its beginning. */
function requests() {
  const world = { value: 0 };
  const open: (() => void)[] = [];
  let started = 0;
  const joined = new Joined<number>();
  const ask = (key = 'k') =>
    joined.ask(key, async () => {
      started++;
      const seen = world.value;
      await new Promise<void>((resolve) => open.push(resolve));
      if (seen < 0) throw new Error('refused');
      return seen;
    });
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return { world, ask, open, settle, started: () => started };
}

it('who asks while a request is under way gets the next one, which begins after all of them asked', async () => {
  const { world, ask, open, settle, started } = requests();
  const [first, together] = [ask(), ask()];
  await settle();
  expect(started()).toBe(1);
  world.value = 1;
  const late = [ask(), ask(), ask()];
  await settle();
  expect(started()).toBe(1);
  world.value = 2;
  open[0]();
  expect(await Promise.all([first, together])).toEqual([0, 0]);
  await settle();
  expect(started()).toBe(2);
  open[1]();
  // What was written before they asked is in their answer, though the first request had begun before.
  expect(await Promise.all(late)).toEqual([2, 2, 2]);
});

it('other keys do not wait, and a failure is told only to those who share it', async () => {
  const { world, ask, open, settle, started } = requests();
  world.value = -1;
  const refused = [ask(), ask()].map((one) => expect(one).rejects.toThrow('refused'));
  await settle();
  world.value = 5;
  const [next, other] = [ask(), ask('other')];
  await settle();
  expect(started()).toBe(2);
  for (const end of open.splice(0)) end();
  await Promise.all(refused);
  expect(await other).toBe(5);
  await settle();
  for (const end of open.splice(0)) end();
  expect(await next).toBe(5);
  const again = ask();
  await settle();
  for (const end of open.splice(0)) end();
  expect(await again).toBe(5);
  expect(started()).toBe(4);
});
