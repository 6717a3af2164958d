import { BerthError } from '@berth/kube/errors';
import type { Pod } from '@berth/kube/objects';
import type { Call } from '../call.ts';
import { badRequest, notFound } from '../faults.ts';
import type { Machinery } from '../machinery.ts';
import { objectKey } from '../storage/keys.ts';
import type { PodAccess } from './types.ts';

/** The nodes' side of streams, which may be given after the server began to serve. */
export interface PodAccessHolder {
  current: PodAccess | undefined;
}

/** The pod that a call is about. Throws `NotFound`. */
export async function podOf({ storage }: Machinery, call: Call): Promise<Pod> {
  await storage.caughtUp();
  const stored = storage.get(objectKey(call.kind.prefix, call.namespace, call.name));
  if (!stored) throw notFound(call.kind.description, call.name);
  return stored.object as Pod;
}

/** How to reach the pod's node. Throws `ServiceUnavailable` when nothing runs pods here, `BadRequest` before it is scheduled. */
export function accessTo(holder: PodAccessHolder, pod: Pod): PodAccess {
  if (!pod.spec?.nodeName) throw badRequest(`pod ${pod.metadata.name} does not have a host assigned`);
  if (!holder.current) throw new BerthError('ServiceUnavailable', 'no node of this cluster can be reached');
  return holder.current;
}

/** The container that is asked for, the pod's default one, or its only one. Throws `BadRequest` that names the choices. */
export function containerOf(pod: Pod, asked: string | undefined): string {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? {};
  const all = [...containers, ...initContainers, ...ephemeralContainers].map((container) => container.name);
  if (asked) {
    if (all.includes(asked)) return asked;
    throw badRequest(`container ${asked} is not valid for pod ${pod.metadata.name}`);
  }
  const chosen = pod.metadata.annotations?.['kubectl.kubernetes.io/default-container'];
  if (chosen && all.includes(chosen)) return chosen;
  if (containers.length === 1 && containers[0]) return containers[0].name;
  const names = containers.map((container) => container.name).join(' ');
  throw badRequest(`a container name must be specified for pod ${pod.metadata.name}, choose one of: [${names}]`);
}
