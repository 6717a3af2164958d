import { BerthError } from '@berth/kube/errors';
import type { Pod, PodDisruptionBudget } from '@berth/kube/objects';
import { labelSelectorOf, matchesLabels } from '@berth/kube/selectors';
import { type Call, isDryRun } from '../call.ts';
import { forbidden } from '../faults.ts';
import type { Machinery } from '../machinery.ts';
import { resourcePrefix } from '../storage/keys.ts';
import type { StoredObject } from '../storage/stored-object.ts';
import { rewrite } from '../verbs/rewrite.ts';
import { timestamp } from '../verbs/time.ts';

const group = 'policy';
const resource = 'poddisruptionbudgets';
/** More evictions than this that the budget's controller has not seen show that it sees none. */
const mostDisrupted = 2000;

/** Whether a budget has a say in its eviction: it runs, and nobody has deleted it yet. */
export function isGuarded({ status, metadata }: Pod): boolean {
  const isOver = ['Succeeded', 'Failed', 'Pending'].includes(status?.phase ?? '');
  return !isOver && metadata.deletionTimestamp === undefined;
}

/** The budget that guards the pod; undefined when none does. Throws when several do. */
export function budgetOf({ storage }: Machinery, pod: Pod): StoredObject | undefined {
  const budgets = storage.list(`${resourcePrefix(group, resource)}${pod.metadata.namespace}/`).filter(({ object }) => {
    const selector = labelSelectorOf((object as PodDisruptionBudget).spec?.selector);
    return selector !== undefined && matchesLabels(selector, pod.metadata.labels);
  });
  if (budgets.length < 2) return budgets[0];
  const message = 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.';
  throw new BerthError('InternalError', message);
}

/**
 * Takes one disruption from the budget, before the controller that keeps it knows that the pod is gone. A pod that is not healthy may cost
 * nothing (`free`). Throws 429 with the reason when the budget has none left.
 */
export async function spend(
  machinery: Machinery,
  call: Call,
  { object }: StoredObject,
  pod: Pod,
): Promise<'spent' | 'free'> {
  const budget = object as PodDisruptionBudget;
  if (!isReady(pod) && mayGoUnhealthy(budget)) return 'free';
  const kind = machinery.kinds.get(group, 'v1', resource);
  const subresource = kind?.subresources.get('status');
  if (!kind || !subresource) return 'spent';
  const { name } = budget.metadata;
  // The server's own doing, whoever asked for the eviction.
  const { userAgent: _, ...own } = call;
  const at = timestamp(machinery.now());
  await rewrite(machinery, { ...own, verb: 'update', kind, subresource, name }, (current) => {
    check(current as PodDisruptionBudget);
    if (isDryRun(call)) return current;
    const next = spent(structuredClone(current) as PodDisruptionBudget, pod.metadata.name, at);
    // It names no version: an eviction beside this one, or the budget's controller, may write first.
    delete next.metadata.resourceVersion;
    return next;
  });
  return 'spent';
}

function spent(budget: PodDisruptionBudget, pod: string, at: string): PodDisruptionBudget {
  const { disruptionsAllowed = 0, disruptedPods = {}, ...status } = budget.status ?? {};
  const left = disruptionsAllowed - 1;
  const next = { ...status, disruptionsAllowed: left, disruptedPods: { ...disruptedPods, [pod]: at } };
  if (left > 0) return { ...budget, status: next };
  const present = next.conditions?.find(({ type }) => type === 'DisruptionAllowed');
  const condition = {
    type: 'DisruptionAllowed',
    status: 'False',
    ...(status.observedGeneration === undefined ? {} : { observedGeneration: status.observedGeneration }),
    lastTransitionTime: present?.status === 'False' ? (present.lastTransitionTime ?? at) : at,
    reason: 'InsufficientPods',
    message: '',
  };
  const others = next.conditions?.filter((each) => each !== present) ?? [];
  return { ...budget, status: { ...next, conditions: [...others, condition] } };
}

function isReady({ status }: Pod): boolean {
  return status?.conditions?.some((each) => each.type === 'Ready' && each.status === 'True') ?? false;
}

/** Nobody loses anything by a pod that serves nobody: always, where the budget says so, else while there are enough others. */
function mayGoUnhealthy({ spec, status }: PodDisruptionBudget): boolean {
  if (spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true;
  const { currentHealthy = 0, desiredHealthy = 0 } = status ?? {};
  return currentHealthy >= desiredHealthy && desiredHealthy > 0;
}

function check({ metadata, status = {} }: PodDisruptionBudget): void {
  const { name, generation = 0 } = metadata;
  const { observedGeneration = 0, disruptionsAllowed = 0, disruptedPods = {} } = status;
  if (observedGeneration < generation) throw beingProcessed(name);
  const ref = { group, resource: 'poddisruptionbudget' };
  if (disruptionsAllowed < 0) throw forbidden(ref, name, 'pdb disruptions allowed is negative');
  if (Object.keys(disruptedPods).length > mostDisrupted) {
    const why = 'DisruptedPods map too big - too many evictions not confirmed by PDB controller';
    throw forbidden(ref, name, why);
  }
  if (disruptionsAllowed === 0) throw refusal(whyNone(name, status));
}

function whyNone(
  name: string,
  { conditions, currentHealthy = 0, desiredHealthy = 0 }: NonNullable<PodDisruptionBudget['status']>,
) {
  const condition = conditions?.find(({ type }) => type === 'DisruptionAllowed');
  const { reason, message = '' } = condition ?? {};
  const isTold = condition?.status === 'False' && message !== '';
  // After a failure the figures say nothing.
  if (isTold && reason === 'SyncFailed') {
    return `The disruption budget ${name} does not allow evicting pods currently because it failed sync: ${message}`;
  }
  if (currentHealthy <= desiredHealthy) {
    return `The disruption budget ${name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`;
  }
  const start = `The disruption budget ${name} does not allow evicting pods currently`;
  return isTold ? `${start} (${reason}): ${message}` : start;
}

/** The refusal while the budget's controller has not caught up. */
export function beingProcessed(name: string): BerthError {
  return refusal(`The disruption budget ${name} is still being processed by the server.`, 10);
}

function refusal(message: string, retryAfterSeconds?: number): BerthError {
  const causes = [{ reason: 'DisruptionBudget', message }];
  const details = { causes, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) };
  return new BerthError('TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
    details,
  });
}
