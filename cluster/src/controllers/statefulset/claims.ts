import type { KubeObject, Resource, StatefulSet } from '@berth/kube/objects';
import type { Action, View } from '@berth/kube/reconcile';
import { claimName } from './identity.ts';

export const persistentVolumeClaims: Resource = {
  group: '',
  version: 'v1',
  resource: 'persistentvolumeclaims',
  kind: 'PersistentVolumeClaim',
  namespaced: true,
};

/** The claims that a pod needs and that are not there. They outlive the pod, and the set: the data is the user's. */
export function missingClaims(set: StatefulSet, pod: string, view: View): Action[] {
  const { namespace = '' } = set.metadata;
  return (set.spec?.volumeClaimTemplates ?? []).flatMap((template) => {
    const name = claimName(template.metadata?.name ?? '', pod);
    if (view.get(persistentVolumeClaims, { namespace, name })) return [];
    const object: KubeObject = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: {
        name,
        namespace,
        labels: { ...template.metadata?.labels, ...set.spec?.selector.matchLabels },
        ...(template.metadata?.annotations ? { annotations: template.metadata.annotations } : {}),
      },
      spec: template.spec,
    };
    const message = `create Claim ${name} Pod ${pod} in StatefulSet ${set.metadata.name} success`;
    return [
      { type: 'create', resource: persistentVolumeClaims, object },
      { type: 'event', about: set, severity: 'Normal', reason: 'SuccessfulCreate', message },
    ];
  });
}
