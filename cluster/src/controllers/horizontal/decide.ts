import type { Pod } from '@berth/kube/objects';
import { parseQuantity } from '@berth/kube/quantity';
import { rfc3339 } from '../conditions.ts';
import type { Scale } from './api.ts';
import { normalize } from './normalize.ts';
import { type Measured, type MetricProposal, proposalOf } from './proposals.ts';
import type { Tolerances } from './replicas.ts';
import type { Condition, HorizontalPodAutoscaler, Memory, MetricStatus, Spec } from './types.ts';

/** As long as the difference is no more than a tenth, nothing is done. */
const defaultTolerance = 0.1;

export interface Event {
  severity: 'Normal' | 'Warning';
  reason: string;
  message: string;
}

export interface Decision {
  conditions: readonly Condition[];
  events: readonly Event[];
  metrics: readonly MetricStatus[];
  memory: Memory;
  /** Replicas to set, and why; neither where nothing is to be changed. */
  rescale?: { replicas: number; reason: string };
  /** No metric says how many there should be. */
  failed?: boolean;
}

export interface Observed {
  scale: Scale;
  pods: readonly Pod[];
  measured: readonly Measured[];
  /** Why the selector cannot be used, if so. */
  refused?: { event: string; reason: string; message: string; error: string };
}

/** How many replicas there should be after what was measured. */
export function decide(hpa: HorizontalPodAutoscaler, observed: Observed, memory: Memory, now: number): Decision {
  const spec = hpa.spec;
  const current = observed.scale.spec?.replicas ?? 0;
  let conditions: readonly Condition[] = hpa.status?.conditions ?? [];
  const set = (type: string, status: Condition['status'], reason: string, message: string) => {
    conditions = withCondition(conditions, { type, status, reason, message }, now);
  };
  set('AbleToScale', 'True', 'SucceededGetScale', "the HPA controller was able to get the target's current scale");
  const { maxReplicas = 0, minReplicas = 1 } = spec ?? {};
  const still = { events: [], metrics: [], memory };
  if (!spec || (current === 0 && minReplicas !== 0)) {
    const message = 'scaling is disabled since the replica count of the target is zero';
    set('ScalingActive', 'False', 'ScalingDisabled', message);
    return { ...still, conditions };
  }
  const limits = (replicas: number, which: string) => ({ replicas, reason: `Current number of replicas ${which}` });
  if (current > maxReplicas) return { ...still, conditions, rescale: limits(maxReplicas, 'above Spec.MaxReplicas') };
  if (current < minReplicas) return { ...still, conditions, rescale: limits(minReplicas, 'below Spec.MinReplicas') };

  const evaluated = evaluate(spec, hpa.metadata.namespace ?? '', observed, current, now);
  const { events, metrics, active } = evaluated;
  set('ScalingActive', active.status, active.reason, active.message);
  if (evaluated.proposed === undefined) return { conditions, events, metrics, memory, failed: true };
  const { replicas: proposed, name } = evaluated.proposed;
  const normalized = normalize(spec, proposed, current, memory, now);
  set('AbleToScale', 'True', normalized.able.reason, normalized.able.message);
  set('ScalingLimited', normalized.limited.status, normalized.limited.reason, normalized.limited.message);
  const decision = { conditions, events, metrics, memory: normalized.memory };
  if (normalized.replicas === current) return decision;
  const reason = proposed > current ? `${name} above target` : proposed < current ? 'All metrics below target' : '';
  return { ...decision, rescale: { replicas: normalized.replicas, reason } };
}

interface Evaluated {
  events: readonly Event[];
  metrics: readonly MetricStatus[];
  active: { status: Condition['status']; reason: string; message: string };
  proposed?: MetricProposal;
}

/** The highest proposal counts; where a metric fails, only one that does not scale down. */
function evaluate(spec: Spec, namespace: string, observed: Observed, current: number, now: number): Evaluated {
  const { scale, pods, measured, refused } = observed;
  const warning = (reason: string, message: string): Event => ({ severity: 'Warning', reason, message });
  if (refused) {
    const { event, reason, message, error } = refused;
    const events = [warning(event, error), warning('FailedComputeMetricsReplicas', error)];
    return { events, metrics: [], active: { status: 'False', reason, message } };
  }
  const running = scale.status?.replicas ?? 0;
  const context = { namespace, pods, current, running, tolerances: tolerancesOf(spec), now };
  const specs = spec.metrics ?? [];
  const results = specs.map((each, index) => proposalOf(each, measured[index] ?? { problem: '' }, context));
  const proposals = results.filter((each) => 'replicas' in each);
  const problems = results.filter((each) => 'error' in each);
  const events = problems.map(({ reason, error }) => warning(reason, error));
  const metrics = results.map((each) => ('status' in each ? each.status : { type: '' }));
  let proposed: MetricProposal | undefined;
  for (const each of proposals) if (!proposed?.replicas || each.replicas > proposed.replicas) proposed = each;
  const [first] = problems;
  if (first && (!proposed || proposed.replicas < current)) {
    const message = `the HPA was unable to compute the replica count: ${first.error}`;
    const told = `invalid metrics (${problems.length} invalid out of ${specs.length}), first error is: ${first.told}`;
    events.push(warning('FailedComputeMetricsReplicas', told));
    return { events, metrics, active: { status: 'False', reason: first.reason, message } };
  }
  const message = `the HPA was able to successfully calculate a replica count from ${proposed?.name ?? ''}`;
  const active = { status: 'True', reason: 'ValidMetricFound', message } as const;
  return { events, metrics, active, proposed: proposed ?? { replicas: 0, name: '', status: { type: '' } } };
}

function tolerancesOf({ behavior }: Spec): Tolerances {
  const read = (value: string | number | undefined) =>
    value === undefined ? defaultTolerance : Number(parseQuantity(value).nanos) / 1e9;
  return { up: read(behavior?.scaleUp?.tolerance), down: read(behavior?.scaleDown?.tolerance) };
}

/** The condition in its place; the time of its last change moves with its status only. */
export function withCondition(
  conditions: readonly Condition[],
  condition: Condition,
  now: number,
): readonly Condition[] {
  const present = conditions.find(({ type }) => type === condition.type);
  const isSame = present?.status === condition.status && present.lastTransitionTime !== undefined;
  const since = isSame ? present.lastTransitionTime : rfc3339(now);
  const set = { ...condition, ...(since === undefined ? {} : { lastTransitionTime: since }) };
  return present ? conditions.map((each) => (each === present ? set : each)) : [...conditions, set];
}
