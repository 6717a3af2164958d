import type { Pod } from '@berth/kube/objects';
import { qosOf } from '@berth/kube/pods';
import type { Quantity } from '@berth/kube/quantity';
import { one, sum } from './amounts.ts';
import { missingResources } from './pod-requirements.ts';
import { podUsage } from './pod-resources.ts';
import { matchesValues } from './scopes.ts';
import type { Evaluator, ScopeRequirement, Usage, Write } from './types.ts';

const computed = ['cpu', 'memory', 'ephemeral-storage'];
const names = new Set([
  'count/pods',
  'pods',
  ...computed.flatMap((name) => [name, `requests.${name}`, `limits.${name}`]),
]);
/** Of requests that are made for a class of devices. */
const deviceClasses = 'deviceclass.resource.kubernetes.io/';

/** Pods: how many there are, and what those that have not ended ask for. */
export const podEvaluator: Evaluator = {
  resource: { group: '', resource: 'pods' },
  tracks: (name) =>
    names.has(name) ||
    name.startsWith('hugepages-') ||
    name.startsWith('requests.hugepages-') ||
    isExtendedRequest(name),
  usageOf: (object, now) => usageOf(object as Pod, now),
  isInScope: (object, scope) => isInScope(object as Pod, scope),
  isConcerned,
  missing: (object, required) => missingResources(object as Pod, required),
};

/** New pods, those that are resized, and those that get or lose a deadline: that is a scope. */
function isConcerned({ operation, subresource, object, old }: Write): boolean {
  if (operation === 'CREATE') return subresource === '';
  if (subresource === 'resize') return true;
  return subresource === '' && old !== undefined && isTerminating(object as Pod) !== isTerminating(old as Pod);
}

function isExtendedRequest(name: string): boolean {
  return name.startsWith('requests.') && (!isNative(name) || name.startsWith(`requests.${deviceClasses}`));
}

/** A resource of Kubernetes itself. */
function isNative(name: string): boolean {
  return !name.includes('/') || name.includes('kubernetes.io/');
}

function usageOf(pod: Pod, now: number): Usage {
  const counted = { 'count/pods': one };
  if (!isCharged(pod, now)) return counted;
  const usage: Record<string, Quantity> = { pods: one };
  for (const [name, amount] of Object.entries(podUsage(pod, 'requests'))) {
    if (computed.includes(name) || name.startsWith('hugepages-')) {
      usage[name] = amount;
      usage[`requests.${name}`] = amount;
    } else if (isExtended(name)) usage[`requests.${name}`] = amount;
  }
  for (const [name, amount] of Object.entries(podUsage(pod, 'limits'))) {
    if (computed.includes(name)) usage[`limits.${name}`] = amount;
  }
  return sum(counted, usage);
}

function isExtended(name: string): boolean {
  return (!isNative(name) && !name.startsWith('requests.')) || name.startsWith(deviceClasses);
}

/** One that ended, or should have, is nobody's burden: whose node is lost must be able to start another. */
function isCharged({ status, metadata }: Pod, now: number): boolean {
  if (status?.phase === 'Failed' || status?.phase === 'Succeeded') return false;
  const { deletionTimestamp, deletionGracePeriodSeconds } = metadata;
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds === undefined) return true;
  return now <= Date.parse(deletionTimestamp) + deletionGracePeriodSeconds * 1000;
}

function isInScope(pod: Pod, scope: ScopeRequirement): boolean {
  const { priorityClassName } = pod.spec ?? {};
  switch (scope.scopeName) {
    case 'Terminating':
      return isTerminating(pod);
    case 'NotTerminating':
      return !isTerminating(pod);
    case 'BestEffort':
      return qosOf(pod) === 'BestEffort';
    case 'NotBestEffort':
      return qosOf(pod) !== 'BestEffort';
    case 'PriorityClass':
      return matchesValues(scope, priorityClassName ? [priorityClassName] : []);
    case 'CrossNamespacePodAffinity':
      return looksElsewhere(pod);
    default:
      return false;
  }
}

function isTerminating({ spec }: Pod): boolean {
  return spec?.activeDeadlineSeconds !== undefined && spec.activeDeadlineSeconds >= 0;
}

/** Whether its (anti-)affinity is to pods of other namespaces. */
function looksElsewhere({ spec }: Pod): boolean {
  return [spec?.affinity?.podAffinity, spec?.affinity?.podAntiAffinity].some((affinity) => {
    const required = affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
    const preferred = affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    const terms = [...required, ...preferred.map(({ podAffinityTerm }) => podAffinityTerm)];
    return terms.some(({ namespaces = [], namespaceSelector }) => namespaces.length > 0 || namespaceSelector);
  });
}
