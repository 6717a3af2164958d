import { type Job, type Pod, type PodTemplateSpec, resources } from '@berth/kube/objects';
import type { View } from '@berth/kube/reconcile';
import { suffixOf } from '../hashing.ts';
import { podFromTemplate } from '../pods/index.ts';
import { keyOf } from '../status.ts';
import { matchFailurePolicy } from './failure-policy.ts';
import {
  earlierFailures,
  failureAnnotations,
  indexKey,
  isIndexed,
  limitsEachIndex,
  trackingFinalizer,
} from './pods.ts';

/** What a generated name is made of, without its five random characters, is no longer than this. */
const longestBase = 58;
const indexVariable = 'JOB_COMPLETION_INDEX';

/** A pod that is to be made: for which index of an indexed job, and which failed one of that index it replaces. */
export interface Wanted {
  index?: number;
  replaced?: Pod | undefined;
}

/** The pods, with names that nobody has: as the API server would generate them, but the same whenever the decision is made again. */
export function podsFor(job: Job, wanted: readonly Wanted[], view: View, now: number): Pod[] {
  const template = templateOf(job);
  return wanted.map(({ index, replaced }, at) => {
    const base = baseOf(job, index);
    let name = '';
    for (let attempt = 0; name === '' || view.get(resources.pods, { ...keyOf(job), name }); attempt++) {
      name = `${base.slice(0, longestBase)}${suffixOf(job.metadata.uid, now, at, attempt)}`;
    }
    return podFromTemplate(job, index === undefined ? template : forIndex(job, template, index, replaced), name, base);
  });
}

function baseOf({ metadata: { name } }: Job, index: number | undefined): string {
  if (index === undefined) return `${name}-`;
  const end = `-${index}-`;
  return `${name.slice(0, longestBase - end.length)}${end}`;
}

function templateOf(job: Job): PodTemplateSpec {
  const { metadata, spec } = job.spec?.template ?? {};
  const finalizers = [...(metadata?.finalizers ?? []).filter((each) => each !== trackingFinalizer), trackingFinalizer];
  const template = { metadata: { ...metadata, finalizers }, ...(spec ? { spec } : {}) };
  if (!isIndexed(job) || !spec) return template;
  const init = spec.initContainers ? { initContainers: spec.initContainers.map(knowingIndex) } : {};
  return { ...template, spec: { ...spec, ...init, containers: spec.containers.map(knowingIndex) } };
}

type Container = NonNullable<PodTemplateSpec['spec']>['containers'][number];

/** A container that says itself what the variable is keeps its own. */
function knowingIndex(container: Container): Container {
  if (container.env?.some(({ name }) => name === indexVariable)) return container;
  const valueFrom = { fieldRef: { fieldPath: `metadata.labels['${indexKey}']` } };
  return { ...container, env: [...(container.env ?? []), { name: indexVariable, valueFrom }] };
}

function forIndex(job: Job, template: PodTemplateSpec, index: number, replaced: Pod | undefined): PodTemplateSpec {
  const { metadata, spec } = template;
  const own = { [indexKey]: String(index) };
  const failures = limitsEachIndex(job) ? failureAnnotations(failuresAfter(job, replaced)) : {};
  return {
    metadata: {
      ...metadata,
      labels: { ...metadata?.labels, ...own },
      annotations: { ...metadata?.annotations, ...own, ...failures },
    },
    ...(spec ? { spec: { ...spec, hostname: `${job.metadata.name}-${index}` } } : {}),
  };
}

function failuresAfter(job: Job, replaced: Pod | undefined): { counted: number; ignored: number } {
  if (!replaced) return { counted: 0, ignored: 0 };
  const { counted, ignored } = earlierFailures(replaced);
  const { counts } = matchFailurePolicy(job.spec?.podFailurePolicy, replaced);
  return counts ? { counted: counted + 1, ignored } : { counted, ignored: ignored + 1 };
}
