import { ensure, type Fields, fill, fillAll, fillPointers, part, parts, text } from '../fields.ts';
import { defaultPodTemplate } from './pod.ts';

export function defaultDeployment(deployment: Fields): void {
  const spec = ensure(deployment, 'spec');
  fillAll(spec, { replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600 });
  const strategy = ensure(spec, 'strategy');
  fill(strategy, 'type', 'RollingUpdate');
  if (strategy.type === 'RollingUpdate') {
    fillPointers(ensure(strategy, 'rollingUpdate'), { maxSurge: '25%', maxUnavailable: '25%' });
  }
  defaultPodTemplate(ensure(spec, 'template'));
}

export function defaultReplicaSet(replicaSet: Fields): void {
  const spec = ensure(replicaSet, 'spec');
  fill(spec, 'replicas', 1);
  const template = part(spec, 'template');
  if (template !== undefined) defaultPodTemplate(template);
}

export function defaultReplicationController(controller: Fields): void {
  const spec = ensure(controller, 'spec');
  fill(spec, 'replicas', 1);
  const template = part(spec, 'template');
  if (template === undefined) return;
  const labels = part(part(template, 'metadata'), 'labels');
  if (labels !== undefined) {
    fill(spec, 'selector', { ...labels });
    labelLikeTemplate(controller, labels);
  }
  defaultPodTemplate(template);
}

export function defaultStatefulSet(statefulSet: Fields): void {
  const spec = ensure(statefulSet, 'spec');
  fillAll(spec, { podManagementPolicy: 'OrderedReady', replicas: 1, revisionHistoryLimit: 10 });
  const strategy = ensure(spec, 'updateStrategy');
  if (!strategy.type) {
    strategy.type = 'RollingUpdate';
    ensure(strategy, 'rollingUpdate');
  }
  const rolling = part(strategy, 'rollingUpdate');
  if (strategy.type === 'RollingUpdate' && rolling !== undefined) fill(rolling, 'partition', 0);
  fillAll(ensure(spec, 'persistentVolumeClaimRetentionPolicy'), { whenDeleted: 'Retain', whenScaled: 'Retain' });
  for (const claim of parts(spec, 'volumeClaimTemplates')) {
    Object.assign(claim, { apiVersion: 'v1', kind: 'PersistentVolumeClaim' });
    fill(ensure(claim, 'spec'), 'volumeMode', 'Filesystem');
    fill(ensure(claim, 'status'), 'phase', 'Pending');
  }
  defaultPodTemplate(ensure(spec, 'template'));
}

/** The annotation that counts how often a daemon set's template was changed. */
export const templateGeneration = 'deprecated.daemonset.template.generation';

export function defaultDaemonSet(daemonSet: Fields): void {
  // Whoever writes a daemon set seems to write this too; the server counts.
  fill(ensure(ensure(daemonSet, 'metadata'), 'annotations'), templateGeneration, '0');
  const spec = ensure(daemonSet, 'spec');
  fill(spec, 'revisionHistoryLimit', 10);
  const strategy = ensure(spec, 'updateStrategy');
  fill(strategy, 'type', 'RollingUpdate');
  if (strategy.type === 'RollingUpdate') {
    fillAll(ensure(strategy, 'rollingUpdate'), { maxSurge: 0, maxUnavailable: 1 });
  }
  defaultPodTemplate(ensure(spec, 'template'));
}

export function defaultJob(job: Fields): void {
  const spec = ensure(job, 'spec');
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  fillPointers(spec, {
    parallelism: 1,
    backoffLimit: spec.backoffLimitPerIndex === undefined ? 6 : 2 ** 31 - 1,
    completionMode: 'NonIndexed',
    suspend: false,
    manualSelector: false,
    podReplacementPolicy: spec.podFailurePolicy === undefined ? 'TerminatingOrFailed' : 'Failed',
  });
  for (const rule of parts(part(spec, 'podFailurePolicy'), 'rules')) {
    for (const pattern of parts(rule, 'onPodConditions')) fill(pattern, 'status', 'True');
  }
  const template = ensure(spec, 'template');
  const labels = part(part(template, 'metadata'), 'labels');
  // As in Kubernetes they are shared, not copied: what the server adds to the pods' labels the job has too.
  const metadata = ensure(job, 'metadata');
  if (labels !== undefined && Object.keys(part(metadata, 'labels') ?? {}).length === 0) metadata.labels = labels;
  defaultPodTemplate(template);
}

export function defaultCronJob(cronJob: Fields): void {
  const spec = ensure(cronJob, 'spec');
  fillAll(spec, {
    concurrencyPolicy: 'Allow',
    suspend: false,
    successfulJobsHistoryLimit: 3,
    failedJobsHistoryLimit: 1,
  });
  const template = ensure(spec, 'jobTemplate');
  ensure(template, 'metadata');
  defaultPodTemplate(ensure(ensure(template, 'spec'), 'template'));
}

export function defaultPodTemplateObject(object: Fields): void {
  const template = part(object, 'template');
  if (template !== undefined) defaultPodTemplate(template);
}

function labelLikeTemplate(object: Fields, labels: Fields): void {
  const metadata = ensure(object, 'metadata');
  if (Object.keys(part(metadata, 'labels') ?? {}).length === 0) metadata.labels = { ...labels };
}

/** `autoscaling/v2`. */
export function defaultHorizontalPodAutoscaler(autoscaler: Fields): void {
  const spec = ensure(autoscaler, 'spec');
  fill(spec, 'minReplicas', 1);
  if (parts(spec, 'metrics').length === 0) {
    const target = { type: 'Utilization', averageUtilization: 80 };
    spec.metrics = [{ type: 'Resource', resource: { name: 'cpu', target } }];
  }
  const behavior = part(spec, 'behavior');
  if (behavior === undefined) return;
  const everything = { type: 'Percent', value: 100, periodSeconds: 15 };
  fillPointers(ensure(behavior, 'scaleUp'), {
    stabilizationWindowSeconds: 0,
    selectPolicy: 'Max',
    policies: [{ type: 'Pods', value: 4, periodSeconds: 15 }, { ...everything }],
  });
  fillPointers(ensure(behavior, 'scaleDown'), { selectPolicy: 'Max', policies: [{ ...everything }] });
}

/** `autoscaling/v1`. */
export function defaultHorizontalPodAutoscalerV1(autoscaler: Fields): void {
  const spec = ensure(autoscaler, 'spec');
  const described = text(part(part(autoscaler, 'metadata'), 'annotations'), 'autoscaling.alpha.kubernetes.io/metrics');
  fill(spec, 'minReplicas', 1);
  if (described === undefined) fill(spec, 'targetCPUUtilizationPercentage', 80);
}
