import { type PersistentVolumeClaim, type Pod, resources, type StatefulSet } from '@berth/kube/objects';
import type { Action, View } from '@berth/kube/reconcile';
import { claimName } from './identity.ts';

export interface MissingClaims {
  creations: Action[];
  events: Action[];
  /** Claims of the pod that are being deleted: it has to wait until they are gone. */
  going: string[];
}

/** The claims that a pod needs and that are not there. They outlive the pod, and the set where it does not say otherwise. */
export function missingClaims(set: StatefulSet, { metadata: { name: pod } }: Pod, view: View): MissingClaims {
  const { namespace = '' } = set.metadata;
  const missing: MissingClaims = { creations: [], events: [], going: [] };
  for (const template of set.spec?.volumeClaimTemplates ?? []) {
    const name = claimName(template.metadata?.name ?? '', pod);
    const present = view.get(resources.persistentVolumeClaims, { namespace, name });
    if (present?.metadata.deletionTimestamp !== undefined) missing.going.push(name);
    if (present) continue;
    const object: PersistentVolumeClaim = {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: {
        name,
        namespace,
        labels: { ...template.metadata?.labels, ...set.spec?.selector.matchLabels },
        ...(template.metadata?.annotations ? { annotations: template.metadata.annotations } : {}),
      },
      ...(template.spec ? { spec: template.spec } : {}),
    };
    const told = { type: 'event', about: set } as const;
    missing.creations.push({
      type: 'create',
      resource: resources.persistentVolumeClaims,
      object,
      failed: ({ message: why, code }) => {
        if (code === 'AlreadyExists') return [];
        const claim = `Create Claim ${name} for Pod ${pod} in StatefulSet ${set.metadata.name} failed error: ${why}`;
        const failure = `Create Pod ${pod} in StatefulSet ${set.metadata.name} failed error: failed to create PVC ${name}: ${why}`;
        return [claim, failure].map((message) => ({ ...told, severity: 'Warning', reason: 'FailedCreate', message }));
      },
    });
    const message = `Create Claim ${name} Pod ${pod} in StatefulSet ${set.metadata.name} success`;
    missing.events.push({ ...told, severity: 'Normal', reason: 'SuccessfulCreate', message });
  }
  return missing;
}
