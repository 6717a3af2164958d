import { type FieldSelector, parseFieldSelector } from '@berth/kube/selectors';
import type { ResourceAttributes } from './authorizer.ts';

const ofMany = new Set(['list', 'watch', 'deletecollection']);

/**
 * What the query of a request says of which objects it concerns, so that a rule for those can allow it: those that satisfy a selector, and
 * listing or watching by `metadata.name=x` is asking for x. What is no selector asks for everything: who may not is not told what is wrong with it.
 */
export function selectionIn(
  verb: string,
  options: ReadonlyMap<string, string>,
): Partial<Pick<ResourceAttributes, 'name' | 'fieldSelector'>> {
  const text = options.get('fieldSelector');
  if (!text || !ofMany.has(verb)) return {};
  const fieldSelector = readable(text);
  if (!fieldSelector) return {};
  const one = fieldSelector.find(({ field, operator }) => field === 'metadata.name' && operator === '=');
  return { fieldSelector, ...(one && verb !== 'deletecollection' ? { name: one.value } : {}) };
}

/** Undefined for what is no selector. */
export function readable(text: string): FieldSelector | undefined {
  try {
    return parseFieldSelector(text);
  } catch {
    return undefined;
  }
}
