import { controllerOf, type KubeObject, type Resource } from '@berth/kube/objects';
import type { Action } from '@berth/kube/reconcile';
import { type LabelSelector, matchesLabels } from '@berth/kube/selectors';
import { keyOf } from '../status.ts';
import { controllerReference } from './create.ts';

/**
 * Which of the candidates are the owner's: those it controls and selects. Orphans that match are adopted, those that no longer match are
 * released (`ControllerRefManager` of Kubernetes). An owner that is being deleted adopts nothing. A finalizer that is named comes with the
 * adoption and goes with the release.
 */
export function claim<T extends KubeObject>(
  resource: Resource<T>,
  owner: KubeObject,
  selector: LabelSelector | undefined,
  candidates: readonly T[],
  finalizer?: string,
): { owned: T[]; actions: Action[] } {
  const owned: T[] = [];
  const actions: Action[] = [];
  const deleting = owner.metadata.deletionTimestamp !== undefined;
  for (const candidate of candidates) {
    const controller = controllerOf(candidate);
    const matches = matchesLabels(selector, candidate.metadata.labels);
    const { uid, finalizers = [] } = candidate.metadata;
    if (controller) {
      if (controller.uid !== owner.metadata.uid) continue;
      if (matches) owned.push(candidate);
      else if (!deleting) {
        const ownerReferences = candidate.metadata.ownerReferences?.filter((each) => each.uid !== owner.metadata.uid);
        const left = finalizers.filter((each) => each !== finalizer);
        const released = left.length < finalizers.length ? { finalizers: left.length > 0 ? left : null } : {};
        actions.push(
          patchOwners(resource, candidate, {
            uid,
            ownerReferences: ownerReferences?.length ? ownerReferences : null,
            ...released,
          }),
        );
      }
    } else if (matches && !deleting && candidate.metadata.deletionTimestamp === undefined) {
      const ownerReferences = [...(candidate.metadata.ownerReferences ?? []), controllerReference(owner)];
      const isNew = finalizer !== undefined && !finalizers.includes(finalizer);
      const adopted = isNew ? { finalizers: [...finalizers, finalizer] } : {};
      actions.push(patchOwners(resource, candidate, { uid, ownerReferences, ...adopted }));
      owned.push({ ...candidate, metadata: { ...candidate.metadata, ...adopted } });
    }
  }
  return { owned, actions };
}

function patchOwners<T extends KubeObject>(resource: Resource<T>, object: T, metadata: object): Action {
  const { resourceVersion } = object.metadata;
  // With the version: somebody else may be adopting it in the same moment.
  const body = { metadata: { ...metadata, ...(resourceVersion === undefined ? {} : { resourceVersion }) } };
  return { type: 'patch', resource, key: keyOf(object), patch: { type: 'merge', body } };
}
