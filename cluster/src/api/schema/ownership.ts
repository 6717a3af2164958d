import { apiVersionOf, type KubeObject } from '@berth/kube/objects';
import { applyConfiguration, type FieldManager, type TypedBy, trackUpdate } from '@berth/kube/patch';
import { type Call, isTrue, subresourceName } from '../call.ts';
import { invalid } from '../faults.ts';
import { timestamp } from '../verbs/time.ts';

/** Server-side apply: `live` (if any) with the call's configuration laid over it. `live` itself when nothing changes. */
export function applied(call: Call, live: KubeObject | undefined, config: KubeObject, now: Date): KubeObject {
  const manager = call.options.get('fieldManager');
  if (!manager) {
    const message = 'Required value: is required for apply patch';
    throw invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [
      { reason: 'FieldValueRequired', message, field: 'fieldManager' },
    ]);
  }
  const force = isTrue(call.options.get('force') ?? 'false');
  return applyConfiguration(typedBy(call), live, config, { ...managerOf(call, manager, now), force });
}

/**
 * The object with the record of who owns its fields. Kept for writers that name themselves, and for objects that have
 * such a record; writes within our own process leave it out, since no one applies what controllers made.
 */
export function owned(call: Call, live: KubeObject | undefined, next: KubeObject, now: Date): KubeObject {
  const named = call.options.get('fieldManager');
  if (!named && live?.metadata.managedFields === undefined) {
    if (next.metadata.managedFields === undefined) return next;
    const { managedFields: _, ...metadata } = next.metadata;
    return { ...next, metadata };
  }
  return trackUpdate(typedBy(call), live, next, managerOf(call, named || call.user.name, now));
}

function managerOf(call: Call, manager: string, now: Date): FieldManager {
  const subresource = subresourceName(call);
  return {
    manager,
    apiVersion: apiVersionOf(call.kind.description),
    time: timestamp(now),
    ...(subresource === '' ? {} : { subresource }),
  };
}

function typedBy(call: Call): TypedBy {
  const { definition, catalogue } = call.kind.schema;
  return { schema: definition, catalogue };
}
