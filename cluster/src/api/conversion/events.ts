import type { KubeObject } from '@berth/kube/objects';

/** The names of an event's fields: in the core group, and in `events.k8s.io`. Those not listed are the same in both. */
const names: readonly (readonly [core: string, events: string])[] = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
  ['reportingComponent', 'reportingController'],
];

export function eventToCore(event: KubeObject): KubeObject {
  const core = renamed(event, 'v1', (from) => names.find(([, events]) => events === from)?.[0]);
  // Required in the core group; what an event is about lives in its namespace unless it says otherwise.
  core.involvedObject ??= {};
  return core;
}

export function eventFromCore(event: KubeObject): KubeObject {
  return renamed(event, 'events.k8s.io/v1', (from) => names.find(([core]) => core === from)?.[1]);
}

function renamed(event: KubeObject, apiVersion: string, to: (field: string) => string | undefined): KubeObject {
  const result: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(event)) result[to(field) ?? field] = value;
  return { ...result, apiVersion, kind: event.kind, metadata: event.metadata };
}
