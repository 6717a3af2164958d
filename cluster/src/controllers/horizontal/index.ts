import { isDeepStrictEqual } from 'node:util';
import { objectPath } from '@berth/kube/client';
import { resources } from '@berth/kube/objects';
import type { Action, Outcome, Reconciler, View } from '@berth/kube/reconcile';
import { type LabelSelector, matchesLabels, parseLabelSelector } from '@berth/kube/selectors';
import { rfc3339 } from '../conditions.ts';
import { count, statusActions } from '../status.ts';
import { type PathApi, resourceOf, type Scale } from './api.ts';
import { type Decision, decide, type Event, type Observed, withCondition } from './decide.ts';
import { remember } from './normalize.ts';
import { measure } from './proposals.ts';
import {
  type Condition,
  type HorizontalPodAutoscaler,
  horizontalPodAutoscalers,
  type Memory,
  type MetricStatus,
  noMemory,
} from './types.ts';

export type { PathApi, Scale } from './api.ts';

/** Metrics are asked for so often, in milliseconds. */
const period = 15_000;

interface Known {
  memory: Memory;
  spec: HorizontalPodAutoscaler['spec'];
  /** When it was last looked at. */
  at: number;
}

/**
 * Sets how many replicas there are by what they use. Source: "Horizontal Pod Autoscaling" of the Kubernetes documentation. Recommendations and
 * changes are remembered here and in no object, as in Kubernetes: a controller that starts anew begins its windows anew.
 */
export function horizontalPodAutoscalerController(api: PathApi): Reconciler<HorizontalPodAutoscaler> {
  const known = new Map<string, Known>();
  return {
    name: 'horizontal-pod-autoscaler',
    resource: horizontalPodAutoscalers,
    watches: [{ resource: resources.pods }],
    reconcile(hpa, view, now): Outcome {
      const { uid = '', deletionTimestamp } = hpa.metadata;
      if (deletionTimestamp !== undefined) return { actions: [] };
      const before = known.get(uid);
      const wait = before && isDeepStrictEqual(before.spec, hpa.spec) ? before.at + period - now : 0;
      if (wait > 0) return { actions: [], requeueAfter: wait };
      const answer = async () => {
        forgetAllBut(view.list(horizontalPodAutoscalers), known);
        const round = await lookAt(api, hpa, view, others(hpa, view, known), before?.memory ?? noMemory, now);
        known.set(uid, { memory: round.memory, spec: hpa.spec, at: now });
        return round.actions;
      };
      return { actions: [{ type: 'ask', what: 'for the scale and the metrics', answer }], requeueAfter: period };
    },
  };
}

function forgetAllBut(present: readonly HorizontalPodAutoscaler[], known: Map<string, Known>): void {
  const uids = new Set(present.map(({ metadata }) => metadata.uid));
  for (const uid of known.keys()) if (!uids.has(uid)) known.delete(uid);
}

interface Other {
  name: string;
  selector: LabelSelector;
}

/** The other autoscalers of the namespace whose pods are known. */
function others(hpa: HorizontalPodAutoscaler, view: View, known: ReadonlyMap<string, Known>): Other[] {
  const { namespace = '', uid } = hpa.metadata;
  return view.list(horizontalPodAutoscalers, { namespace }).flatMap(({ metadata }) => {
    const selector = metadata.uid === uid ? undefined : known.get(metadata.uid ?? '')?.memory.selector;
    return selector ? [{ name: metadata.name, selector }] : [];
  });
}

interface Round {
  actions: readonly Action[];
  memory: Memory;
}

async function lookAt(
  api: PathApi,
  hpa: HorizontalPodAutoscaler,
  view: View,
  rivals: readonly Other[],
  before: Memory,
  now: number,
): Promise<Round> {
  const { namespace = '' } = hpa.metadata;
  const target = hpa.spec?.scaleTargetRef ?? { kind: '', name: '' };
  let path: string;
  let scale: Scale;
  try {
    const resource = await resourceOf(api, target.apiVersion ?? 'v1', target.kind);
    path = objectPath(resource, { namespace, name: target.name }, 'scale');
    scale = (await api.get(path)) as Scale;
  } catch (error) {
    const why = messageOf(error);
    const message = `the HPA controller was unable to get the target's current scale: ${why}`;
    const conditions = failing(hpa.status?.conditions ?? [], 'FailedGetScale', message, now);
    const events = [{ severity: 'Warning', reason: 'FailedGetScale', message: why } as const];
    return { actions: write(hpa, { ...hpa.status, conditions: [...conditions] }, events), memory: before };
  }
  const current = scale.spec?.replicas ?? 0;
  const memory =
    before.recommendations.length > 0 ? before : { ...before, recommendations: [{ replicas: current, at: now }] };
  const observed = await observe(api, hpa, scale, view, rivals);
  const selector = observed.selector ? { selector: observed.selector } : {};
  const decision = decide(hpa, observed, { ...memory, ...selector }, now);
  return enact(api, hpa, decision, path, current, now);
}

/** What there is to decide on. Metrics are asked for only where they count. */
async function observe(
  api: PathApi,
  hpa: HorizontalPodAutoscaler,
  scale: Scale,
  view: View,
  rivals: readonly Other[],
): Promise<Observed & { selector?: LabelSelector }> {
  const { namespace = '', name } = hpa.metadata;
  const text = scale.status?.selector ?? '';
  const refuse = (event: string, reason: string, error: string, message = error) => ({
    ...{ scale, pods: [], measured: [] },
    refused: { event, reason, message, error },
  });
  if (text === '') {
    const message = "the HPA target's scale is missing a selector";
    return refuse('SelectorRequired', 'InvalidSelector', 'selector is required', message);
  }
  let selector: LabelSelector;
  try {
    selector = parseLabelSelector(text);
  } catch (error) {
    const why = `couldn't convert selector into a corresponding internal selector object: ${messageOf(error)}`;
    return refuse('InvalidSelector', 'InvalidSelector', why);
  }
  const pods = view
    .list(resources.pods, { namespace })
    .filter(({ metadata }) => matchesLabels(selector, metadata.labels));
  const sharing = rivals.filter((rival) => pods.some((pod) => matchesLabels(rival.selector, pod.metadata.labels)));
  if (sharing.length > 0) {
    const names = [name, ...sharing.map((rival) => rival.name)].sort().map((each) => `{${each} ${namespace}}`);
    const why = `pods by selector ${text} are controlled by multiple HPAs: [${names.join(' ')}]`;
    return { ...refuse('AmbiguousSelector', 'AmbiguousSelector', why), selector };
  }
  const current = scale.spec?.replicas ?? 0;
  const { minReplicas = 1, maxReplicas = 0, metrics = [] } = hpa.spec ?? {};
  const counts = current >= minReplicas && current <= maxReplicas;
  const measured = counts ? await Promise.all(metrics.map((each) => measure(api, namespace, text, each))) : [];
  return { scale, pods, measured, selector };
}

async function enact(
  api: PathApi,
  hpa: HorizontalPodAutoscaler,
  decision: Decision,
  path: string,
  current: number,
  now: number,
): Promise<Round> {
  const { rescale, metrics, failed } = decision;
  let { conditions, memory } = decision;
  const events: Event[] = [...decision.events];
  // Neither failed nor rescaled: what there is is what is desired.
  let desired = failed ? (hpa.status?.desiredReplicas ?? 0) : current;
  let { lastScaleTime } = hpa.status ?? {};
  if (rescale) {
    const told = `New size: ${rescale.replicas}; reason: ${rescale.reason}`;
    try {
      await api.patch(path, { spec: { replicas: rescale.replicas } });
      const message = `the HPA controller was able to update the target scale to ${rescale.replicas}`;
      conditions = withCondition(
        conditions,
        { type: 'AbleToScale', status: 'True', reason: 'SucceededRescale', message },
        now,
      );
      events.push({ severity: 'Normal', reason: 'SuccessfulRescale', message: told });
      if (hpa.spec) memory = remember(hpa.spec, memory, current, rescale.replicas, now);
      desired = rescale.replicas;
      lastScaleTime = rfc3339(now);
    } catch (error) {
      const why = messageOf(error);
      events.push({ severity: 'Warning', reason: 'FailedRescale', message: `${told}; error: ${why}` });
      const message = `the HPA controller was unable to update the target scale: ${why}`;
      conditions = failing(conditions, 'FailedUpdateScale', message, now);
      desired = hpa.status?.desiredReplicas ?? 0;
    }
  }
  const status = {
    ...(lastScaleTime === undefined ? {} : { lastScaleTime }),
    ...count('currentReplicas', current),
    desiredReplicas: desired,
    ...(metrics.length > 0 ? { currentMetrics: metrics as MetricStatus[] } : {}),
    conditions: [...conditions],
  };
  return { actions: write(hpa, status, events), memory };
}

function failing(conditions: readonly Condition[], reason: string, message: string, now: number) {
  return withCondition(conditions, { type: 'AbleToScale', status: 'False', reason, message }, now);
}

function write(hpa: HorizontalPodAutoscaler, status: object, events: readonly Event[]): Action[] {
  return [
    ...events.map((each): Action => ({ type: 'event', about: hpa, ...each })),
    ...statusActions(horizontalPodAutoscalers, hpa, status),
  ];
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
