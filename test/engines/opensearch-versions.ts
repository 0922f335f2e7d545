import { test } from 'vitest';
import { assembleNode, type OpenSearchNode } from './opensearch-node.ts';

const VERSIONS = (process.env.VRAG_TEST_OPENSEARCH_VERSIONS ?? '2.19.6,3.6.0').split(',');
/** Only this one may be missing where CI says that nothing else may. */
const MAY_BE_MISSING = '3.6.0';

/** Nodes of the versions to test, not started yet. One that cannot run here is a skipped test that says why; in CI all but 3.6.0 must run. */
export async function nodesUnderTest(): Promise<OpenSearchNode[]> {
  const nodes: OpenSearchNode[] = [];
  for (const version of VERSIONS) {
    const node = await assembleNode(version);
    if (typeof node === 'string') skip(version, node);
    else nodes.push(node);
  }
  return nodes;
}

function skip(version: string, reason: string): void {
  const line = `SKIPPED opensearch-${version}: ${reason}`;
  console.log(line);
  if (process.env.CI && version !== MAY_BE_MISSING) test(line, () => Promise.reject(new Error(line)));
  else test.skip(line, () => undefined);
}
