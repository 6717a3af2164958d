import type { Fields } from '../fields.ts';

/** The same facts of an event: their names in the core group, and in `events.k8s.io`. */
const names = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
  ['reportingComponent', 'reportingController'],
] as const;

function renamed(event: Fields, pairs: readonly (readonly [string, string])[]): Fields {
  const mapping = new Map(pairs);
  return Object.fromEntries(Object.entries(event).map(([field, value]) => [mapping.get(field) ?? field, value]));
}

/** A core event from one of `events.k8s.io/v1`. */
export function eventToCore(event: Fields): Fields {
  return renamed(
    event,
    names.map(([core, newer]) => [newer, core]),
  );
}

/** An event of `events.k8s.io/v1` from a core one. */
export function eventFromCore(event: Fields): Fields {
  return renamed(event, names);
}
