import { type ObjectKey, type PersistentVolumeClaim, type Pod, resources } from '@berth/kube/objects';
import type { Action, Outcome, Reconciler, View } from '@berth/kube/reconcile';
import { claimNameOf, foreignClaim } from '../../claims/index.ts';

/** Makes the claims of generic ephemeral volumes; they go with the pod that owns them. Source: "Ephemeral Volumes". */
export const ephemeralVolumeController: Reconciler<Pod> = {
  name: 'ephemeral_volume',
  resource: resources.pods,
  watches: [{ resource: resources.persistentVolumeClaims, concerns: ownersOf }],
  reconcile(pod: Pod, view: View): Outcome {
    const { namespace = '', name: podName, uid = '', deletionTimestamp } = pod.metadata;
    if (deletionTimestamp !== undefined) return { actions: [] };
    const actions = (pod.spec?.volumes ?? []).flatMap((volume): Action[] => {
      const template = volume.ephemeral?.volumeClaimTemplate;
      const name = claimNameOf(pod, volume);
      if (!template || name === undefined) return [];
      const failed = (why: string): Action => ({
        type: 'event',
        about: pod,
        severity: 'Warning',
        reason: 'FailedBinding',
        message: `ephemeral volume ${volume.name}: ${why}`,
      });
      const present = view.get(resources.persistentVolumeClaims, { namespace, name });
      if (present) {
        const why = foreignClaim(pod, present);
        return why === undefined ? [] : [failed(why)];
      }
      const { labels, annotations } = template.metadata ?? {};
      const owner = { apiVersion: 'v1', kind: 'Pod', name: podName, uid, controller: true, blockOwnerDeletion: true };
      const metadata = {
        name,
        namespace,
        ...(labels ? { labels } : {}),
        ...(annotations ? { annotations } : {}),
        ownerReferences: [owner],
      };
      const object = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata, spec: template.spec };
      return [
        {
          type: 'create',
          resource: resources.persistentVolumeClaims,
          object,
          failed: (error) => [failed(`create PVC ${name}: ${error.message}`)],
        },
      ];
    });
    return { actions };
  },
};

function ownersOf({ metadata }: PersistentVolumeClaim): ObjectKey[] {
  const { namespace = '', ownerReferences = [] } = metadata;
  return ownerReferences.filter(({ kind }) => kind === 'Pod').map(({ name }) => ({ namespace, name }));
}
