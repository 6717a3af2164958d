import { parseFieldSelector } from '@berth/kube/selectors';
import type { ResourceAttributes } from './authorizer.ts';

const ofMany = new Set(['list', 'watch', 'deletecollection']);

/**
 * What the query of a request says of which objects it concerns, so that a rule for those can allow it: those that satisfy a selector, and
 * listing or watching by `metadata.name=x` is asking for x. Throws `BadRequest` for what is no selector.
 */
export function selectionIn(
  verb: string,
  options: ReadonlyMap<string, string>,
): Partial<Pick<ResourceAttributes, 'name' | 'fieldSelector'>> {
  const text = options.get('fieldSelector');
  if (!text || !ofMany.has(verb)) return {};
  const fieldSelector = parseFieldSelector(text);
  const one = fieldSelector.find(({ field, operator }) => field === 'metadata.name' && operator === '=');
  return { fieldSelector, ...(one && verb !== 'deletecollection' ? { name: one.value } : {}) };
}
