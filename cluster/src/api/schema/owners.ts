import type { KubeObject } from '@berth/kube/objects';
import { identityOf } from '@berth/kube/patch';
import type { Call } from '../call.ts';

/** Keeps an owner that is named twice in the same words once, in place, and warns of it as kube-apiserver does. */
export function dropRepeatedOwners(call: Call, object: KubeObject): void {
  const owners = object.metadata.ownerReferences;
  if (owners === undefined || owners.length < 2) return;
  const kept: typeof owners = [];
  const repeated: string[] = [];
  const seen = new Set<unknown>();
  for (const owner of owners) {
    const known = identityOf(owner);
    if (seen.has(known)) repeated.push(owner.uid);
    else kept.push(owner);
    seen.add(known);
  }
  if (repeated.length === 0) return;
  object.metadata.ownerReferences = kept;
  // What a patch makes is looked at once, after admission has changed it.
  const when = call.patchType === undefined ? '' : ' after mutating admission happens';
  call.warnings.push(
    `.metadata.ownerReferences contains duplicate entries${when}; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${repeated.join(', ')}`,
  );
}
