import type { Node, Pod } from '@berth/kube/objects';
import { amountsOf, plus, wholeResources } from '@berth/kube/pods';
import { isTolerated } from '@berth/kube/selectors';
import { collideAny } from './filters/resources.ts';
import { requiredNodes } from './node-selectors.ts';
import { hostPortsOf } from './requests.ts';

/** Why a node does not take a pod: `reason` in one word, for the pod's status. */
export interface Rejection {
  reason: string;
  message: string;
}

/**
 * What a node itself asks of a pod that was bound to it, by whomever: room, the pod's own wishes, free ports. `others`: its other pods that have
 * not ended. Resources that the node does not know do not count. Source: kube-scheduler's `AdmissionCheck`; the words are kubelet's.
 */
export function rejectionOf(pod: Pod, others: readonly Pod[], node: Node): Rejection | undefined {
  return shortage(pod, others, node) ?? mismatch(pod, others, node);
}

function shortage(pod: Pod, others: readonly Pod[], node: Node): Rejection | undefined {
  const allocatable = amountsOf(node.status?.allocatable);
  const used = { ...others.map((other) => wholeResources(other, 'requests')).reduce(plus, {}), pods: others.length };
  const asked: Record<string, number> = { pods: 1, ...wholeResources(pod, 'requests') };
  for (const [name, requested] of Object.entries(asked)) {
    const capacity = allocatable[name];
    const taken = (used as Record<string, number>)[name] ?? 0;
    if (capacity === undefined || requested === 0 || requested <= capacity - taken) continue;
    const figures = `requested: ${requested}, used: ${taken}, capacity: ${capacity}`;
    const message = `Node didn't have enough resource: ${name}, ${figures}`;
    return { reason: `OutOf${name}`, message };
  }
  return undefined;
}

function mismatch(pod: Pod, others: readonly Pod[], node: Node): Rejection | undefined {
  const failed = (reason: string, why: string) => ({ reason, message: `Predicate ${reason} failed: ${why}` });
  if (requiredNodes(pod.spec)?.(node) === false) {
    return failed('NodeAffinity', "node(s) didn't match Pod's node affinity/selector");
  }
  const wanted = hostPortsOf(pod);
  if (wanted.length > 0 && others.some((other) => collideAny(hostPortsOf(other), wanted))) {
    return failed('NodePorts', "node(s) didn't have free ports for the requested pod ports");
  }
  const taint = node.spec?.taints?.find(
    (each) => each.effect === 'NoExecute' && !isTolerated(each, pod.spec?.tolerations ?? []),
  );
  return taint && failed('TaintToleration', "node(s) had taints that the pod didn't tolerate");
}
