import type { Node, Pod } from '@berth/kube/objects';
import { type Rejection, rejectionOf } from '../../scheduler/index.ts';
import { unenforceableAppArmor } from './app-armor.ts';
import { forbiddenSysctl } from './sysctls.ts';

export { type AppArmorProfile, appArmorProfileOf } from './app-armor.ts';
export { sysctlName } from './sysctls.ts';

export interface AdmissionSurroundings {
  node: Node;
  /** The node's other pods that have not ended. */
  others: readonly Pod[];
  machine: { kernelVersion: string; appArmor: boolean };
}

/** Why the node does not take a pod that was bound to it; the order and the words are kubelet's. */
export function refusalOf(pod: Pod, { node, others, machine }: AdmissionSurroundings): Rejection | undefined {
  return (
    forbiddenSysctl(pod, machine.kernelVersion) ??
    otherSystem(pod) ??
    strictGroups(pod, node) ??
    rejectionOf(pod, others, node) ??
    unenforceableAppArmor(pod, machine.appArmor)
  );
}

const osLabel = 'kubernetes.io/os';

function otherSystem({ metadata, spec }: Pod): Rejection | undefined {
  const label = metadata.labels?.[osLabel];
  if (label !== undefined && label !== 'linux') {
    const message = `Failed to admit pod as the \`${osLabel}\` label doesn't match node label`;
    return { reason: 'PodOSSelectorNodeLabelDoesNotMatch', message };
  }
  if (spec?.os === undefined || spec.os.name === 'linux') return undefined;
  return { reason: 'PodOSNotSupported', message: "Failed to admit pod as the OS field doesn't match node OS" };
}

/** A runtime that does not know the policy would add the groups that the image gives its user. */
function strictGroups({ spec }: Pod, { status }: Node): Rejection | undefined {
  if (spec?.securityContext?.supplementalGroupsPolicy !== 'Strict') return undefined;
  if (status?.features?.supplementalGroupsPolicy) return undefined;
  const message = 'SupplementalGroupsPolicy=Strict is not supported in this node';
  return { reason: 'SupplementalGroupsPolicyNotSupported', message };
}
