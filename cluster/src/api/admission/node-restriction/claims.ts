import type { PersistentVolumeClaim } from '@berth/kube/objects';
import type { AdmissionRequest } from '../admission.ts';
import { refuse } from './refuse.ts';
import { isSame } from './same.ts';

const ownFields = ['capacity', 'conditions', 'allocatedResources', 'allocatedResourceStatuses'];

/** A node says how large the volumes of its pods have become. */
export function checkClaimStatus(node: string, request: AdmissionRequest): void {
  const { operation, subresource, object, old } = request;
  if (subresource !== 'status') refuse(request, 'may only update PVC status');
  if (operation !== 'UPDATE') refuse(request, `unexpected operation ${JSON.stringify(operation)}`);
  const [before, after] = [others(old as PersistentVolumeClaim), others(object as PersistentVolumeClaim)];
  const changed = Object.keys({ ...before, ...after }).filter((field) => !isSame(before[field], after[field]));
  if (changed.length === 0) return;
  const me = `node ${JSON.stringify(node)}`;
  const why = `is not allowed to update fields other than status.quantity and status.conditions: ${changed.join(', ')}`;
  refuse(request, `${me} ${why}`);
}

/** What is not for the node to say, by its paths of two steps. */
function others({ metadata, spec, status }: PersistentVolumeClaim): Record<string, unknown> {
  const { resourceVersion: _, managedFields: __, ...rest } = metadata;
  const kept = Object.entries(status ?? {}).filter(([field]) => !ownFields.includes(field));
  const parts = { metadata: rest, spec, status: Object.fromEntries(kept) };
  return Object.fromEntries(
    Object.entries(parts).flatMap(([part, fields]) =>
      Object.entries(fields ?? {}).map(([field, value]) => [`${part}.${field}`, value]),
    ),
  );
}
