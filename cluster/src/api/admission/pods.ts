import type { KubeObject, Pod } from '@berth/kube/objects';
import { forbidden } from '../faults.ts';
import { objectKey, resourcePrefix } from '../storage/keys.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { AdmissionPlugin } from './admission.ts';

const prefix = resourcePrefix('scheduling.k8s.io', 'priorityclasses');

interface PriorityClass extends KubeObject {
  value: number;
  globalDefault?: boolean;
  preemptionPolicy?: 'Never' | 'PreemptLowerPriority';
}

/** A pod's priority is the value of its class, of the class that is the default, or 0. */
export function priority(storage: ObjectStorage): AdmissionPlugin {
  return {
    name: 'Priority',
    resources: ['/pods'],
    admit(request) {
      if (request.operation !== 'CREATE' || request.subresource !== '') return;
      const { spec } = request.object as Pod;
      if (!spec) return;
      let chosen: PriorityClass | undefined;
      if (spec.priorityClassName) {
        chosen = storage.get(objectKey(prefix, undefined, spec.priorityClassName))?.object as PriorityClass | undefined;
        const why = `no PriorityClass with name ${spec.priorityClassName} was found`;
        if (!chosen) throw forbidden({ group: '', resource: 'pods' }, request.name, why);
      } else {
        const all = storage.list(prefix).map((stored) => stored.object as PriorityClass);
        chosen = all.find((one) => one.globalDefault);
        if (chosen) spec.priorityClassName = chosen.metadata.name;
      }
      const value = chosen?.value ?? 0;
      if (spec.priority !== undefined && spec.priority !== value) {
        const why = `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`;
        throw forbidden({ group: '', resource: 'pods' }, request.name, why);
      }
      spec.priority = value;
      spec.preemptionPolicy ??= chosen?.preemptionPolicy ?? 'PreemptLowerPriority';
    },
  };
}

const toleratedSeconds = 300;

/** Pods stay for five minutes on a node that is not ready or cannot be reached, unless they say otherwise. */
export const defaultTolerations: AdmissionPlugin = {
  name: 'DefaultTolerationSeconds',
  resources: ['/pods'],
  admit(request) {
    const { spec } = request.object as Pod;
    // Also for an update, which may leave these out and takes no other toleration away.
    if (request.subresource !== '' || !spec || !['CREATE', 'UPDATE'].includes(request.operation)) return;
    for (const key of ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']) {
      const tolerated = spec.tolerations?.some(
        (one) => (!one.key || one.key === key) && (!one.effect || one.effect === 'NoExecute'),
      );
      if (tolerated) continue;
      const toleration = { key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: toleratedSeconds } as const;
      spec.tolerations = [...(spec.tolerations ?? []), toleration];
    }
  },
};
