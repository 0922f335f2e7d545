import type { AssetKind, AssetStatus, Filter } from '../../../ports.ts';
import type { SqlValue } from './driver.ts';

/** What a filter looks at. */
export interface Filterable {
  kind: AssetKind;
  status: AssetStatus;
  tags: readonly string[];
}

const given = <T>(list: T[] | undefined): T[] | undefined => (list?.length ? list : undefined);

/** The filter as a predicate; `undefined` where it lets everything through. An empty list is as if it were not given. */
export function filterPredicate(filter: Filter): ((asset: Filterable) => boolean) | undefined {
  const { kind } = filter;
  const [status, all, any, none] = [given(filter.status), given(filter.tagsAll), given(filter.tagsAny), given(filter.tagsNone)];
  if (!kind && !status && !all && !any && !none) return undefined;
  return (asset) =>
    (!kind || asset.kind === kind) &&
    (!status || status.includes(asset.status)) &&
    (!all || all.every((tag) => asset.tags.includes(tag))) &&
    (!any || any.some((tag) => asset.tags.includes(tag))) &&
    !none?.some((tag) => asset.tags.includes(tag));
}

/** The same for SQL: a condition on the table alias `a` and its parameters. At most 32 different texts, so that statements stay cached. */
export function filterCondition(filter: Filter): { condition: string; parameters: Record<string, SqlValue> } {
  const terms: string[] = ['true'];
  const parameters: Record<string, SqlValue> = {};
  const tags = 'select value from json_each(a.tags)';
  const add = (name: keyof Filter, value: string | string[] | undefined, term: string) => {
    if (!value?.length) return;
    parameters[name] = typeof value === 'string' ? value : JSON.stringify(value);
    terms.push(term);
  };
  add('kind', filter.kind, 'a.kind = $kind');
  add('status', filter.status, 'a.status in (select value from json_each($status))');
  add('tagsAll', filter.tagsAll, `not exists (select 1 from json_each($tagsAll) t where t.value not in (${tags}))`);
  add('tagsAny', filter.tagsAny, `exists (select 1 from json_each($tagsAny) t where t.value in (${tags}))`);
  add('tagsNone', filter.tagsNone, `not exists (select 1 from json_each($tagsNone) t where t.value in (${tags}))`);
  return { condition: terms.join(' and '), parameters };
}
