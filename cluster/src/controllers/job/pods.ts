import { type Job, type Pod, resources } from '@berth/kube/objects';
import type { Action, View } from '@berth/kube/reconcile';
import { suffixOf } from '../hashing.ts';
import { podFromTemplate } from '../pods/index.ts';
import { keyOf } from '../status.ts';
import { indexKey, indexOf } from './indexes.ts';
import { trackingFinalizer } from './tracking.ts';

/** So many pods are made in one go at most. */
const burst = 500;

interface Present {
  active: readonly Pod[];
  done: ReadonlySet<number>;
  view: View;
  now: number;
}

export function creation(job: Job, missing: number, present: Present): Action[] {
  const amount = Math.min(missing, burst);
  const indexes: (number | undefined)[] =
    job.spec?.completionMode === 'Indexed' ? freeIndexes(job, amount, present) : Array(amount).fill(undefined);
  const pods = indexes.map((index, at) => podFor(job, index, at, present));
  const event = (severity: 'Normal' | 'Warning', reason: string, message: string): Action => ({
    type: 'event',
    about: job,
    severity,
    reason,
    message,
  });
  const creations = pods.map(
    (pod): Action => ({
      type: 'create',
      resource: resources.pods,
      object: pod,
      failed: (error) => [event('Warning', 'FailedCreate', `Error creating: ${error.message}`)],
    }),
  );
  return [
    ...creations,
    ...pods.map(({ metadata }) => event('Normal', 'SuccessfulCreate', `Created pod: ${metadata.name}`)),
  ];
}

function freeIndexes(job: Job, amount: number, { active, done }: Present): number[] {
  const taken = new Set(active.map(indexOf));
  const free: number[] = [];
  for (let index = 0; index < (job.spec?.completions ?? 0) && free.length < amount; index++) {
    if (!done.has(index) && !taken.has(index)) free.push(index);
  }
  return free;
}

function podFor(job: Job, index: number | undefined, at: number, { view, now }: Present): Pod {
  const base = job.metadata.name.slice(0, 50);
  const prefix = index === undefined ? base : `${base}-${index}`;
  let name = '';
  for (let attempt = 0; name === '' || view.get(resources.pods, { ...keyOf(job), name }); attempt++) {
    name = `${prefix}-${suffixOf(job.metadata.uid, now, at, attempt)}`;
  }
  const pod = podFromTemplate(job, job.spec?.template ?? {}, name);
  const finalizers = [...(pod.metadata.finalizers ?? []), trackingFinalizer];
  if (index === undefined) return { ...pod, metadata: { ...pod.metadata, finalizers } };
  const environment = { name: 'JOB_COMPLETION_INDEX', value: String(index) };
  const containers = (pod.spec?.containers ?? []).map((container) => ({
    ...container,
    env: [...(container.env ?? []).filter((each) => each.name !== environment.name), environment],
  }));
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      finalizers,
      labels: { ...pod.metadata.labels, [indexKey]: String(index) },
      annotations: { ...pod.metadata.annotations, [indexKey]: String(index) },
    },
    spec: { ...pod.spec, containers, hostname: prefix },
  };
}

export function deletion(job: Job, pod: Pod): Action[] {
  const { uid, name } = pod.metadata;
  const options = uid === undefined ? {} : { options: { preconditions: { uid } } };
  return [
    { type: 'delete', resource: resources.pods, key: keyOf(pod), ...options },
    { type: 'event', about: job, severity: 'Normal', reason: 'SuccessfulDelete', message: `Deleted pod: ${name}` },
  ];
}
