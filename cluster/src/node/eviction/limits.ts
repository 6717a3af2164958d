import type { Container, Pod } from '@berth/kube/objects';
import { canonicalQuantity, compareQuantities, formatQuantity } from '@berth/kube/quantity';
import { podUsage } from '../../quota/index.ts';
import { allContainers } from '../pods/sandbox-config.ts';
import { isEphemeral } from './rank.ts';
import type { PodUse } from './use.ts';

const storage = 'ephemeral-storage';

/** Whether a pod has to be measured. */
export function hasLimits(pod: Pod): boolean {
  const bounded = (pod.spec?.volumes ?? []).some(
    (volume) => isEphemeral(volume) && volume.emptyDir?.sizeLimit !== undefined,
  );
  return bounded || allContainers(pod).some((container) => limitOf(container) !== undefined);
}

/**
 * Which limit of its own local storage a pod is over, in kubelet's words: a volume's, that of all its containers together, or a container's.
 * `apart`: writable layers are not on the node's disk.
 */
export function limitExceeded(pod: Pod, use: PodUse, apart: boolean): string | undefined {
  for (const { name, emptyDir } of pod.spec?.volumes ?? []) {
    const limit = emptyDir?.sizeLimit as string | undefined;
    const used = use.volumes.find((volume) => volume.name === name)?.bytes;
    if (limit === undefined || used === undefined || compareQuantities(limit, 0) <= 0) continue;
    if (compareQuantities(used, limit) > 0) {
      return `Usage of EmptyDir volume "${name}" exceeds the limit "${canonicalQuantity(limit)}". `;
    }
  }
  const whole = podUsage({ ...pod, status: {} }, 'limits')[storage];
  if (whole && compareQuantities(use.ephemeralBytes, whole) > 0) {
    return `Pod ephemeral local storage usage exceeds the total limit of containers ${formatQuantity(whole)}. `;
  }
  for (const { name, logs, layer } of use.containers) {
    const container = pod.spec?.containers.find((one) => one.name === name);
    const limit = container && limitOf(container);
    const used = (logs?.bytes ?? 0) + (apart ? 0 : (layer?.bytes ?? 0));
    if (limit !== undefined && compareQuantities(limit, used) < 0) {
      return `Container ${name} exceeded its local ephemeral storage limit "${canonicalQuantity(limit)}". `;
    }
  }
  return undefined;
}

function limitOf({ resources }: Container): string | undefined {
  const limit = (resources?.limits as Record<string, string | number> | undefined)?.[storage];
  return limit === undefined || compareQuantities(limit, 0) === 0 ? undefined : String(limit);
}
