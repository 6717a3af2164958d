import type { DaemonSet, Deployment, Job, KubeObject, ReplicaSet, StatefulSet } from '@berth/kube/objects';
import { conditionOf, type Health, health, terminating } from './health.ts';

/** `batch/v1` CronJob, as far as the console reads it. */
export interface CronJob extends KubeObject {
  spec?: { schedule?: string; timeZone?: string; suspend?: boolean };
  status?: { active?: unknown[]; lastScheduleTime?: string; lastSuccessfulTime?: string };
}

export function deploymentHealth(deployment: Deployment): Health {
  const { spec, status = {} } = deployment;
  const desired = spec?.replicas ?? 1;
  const progress = conditionOf(deployment, 'Progressing');
  const failure = conditionOf(deployment, 'ReplicaFailure');
  const { updatedReplicas = 0, replicas = 0, availableReplicas = 0 } = status;
  const ending = terminating(deployment);
  if (ending) return ending;
  if (failure?.status === 'True') return health('failed', failure.reason, failure.message);
  if (progress?.status === 'False') return health('failed', progress.reason, progress.message);
  if (spec?.paused === true) return health('unknown', undefined, undefined, 'status.paused');
  const rolling = isStale(deployment) || updatedReplicas < desired || replicas > updatedReplicas;
  if (rolling) return health('progressing', `${updatedReplicas}/${desired}`, progress?.message);
  if (desired === 0) return health('unknown', undefined, undefined, 'status.scaledToZero');
  if (availableReplicas >= desired) return health('ok');
  const fraction = `${availableReplicas}/${desired}`;
  // Until the roll-out has completed once, missing replicas are still on their way.
  if (progress?.status === 'True' && progress.reason !== 'NewReplicaSetAvailable') {
    return health('progressing', fraction, progress.message);
  }
  return health(
    availableReplicas === 0 ? 'failed' : 'degraded',
    fraction,
    conditionOf(deployment, 'Available')?.message,
  );
}

export function replicaSetHealth(set: ReplicaSet): Health {
  const desired = set.spec?.replicas ?? 1;
  const { replicas = 0, readyReplicas = 0 } = set.status ?? {};
  const failure = conditionOf(set, 'ReplicaFailure');
  const ending = terminating(set);
  if (ending) return ending;
  if (failure?.status === 'True') return health('failed', failure.reason, failure.message);
  if (desired === 0 && replicas === 0) return health('done', undefined, undefined, 'status.superseded');
  return byReplicas({ desired, present: replicas, ready: readyReplicas });
}

export function statefulSetHealth(set: StatefulSet): Health {
  const desired = set.spec?.replicas ?? 1;
  const { replicas = 0, readyReplicas = 0, currentRevision, updateRevision } = set.status ?? {};
  const ending = terminating(set);
  if (ending) return ending;
  if (isStale(set) || (updateRevision !== undefined && currentRevision !== updateRevision)) {
    return health('progressing', `${set.status?.updatedReplicas ?? 0}/${desired}`);
  }
  if (desired === 0) return health('unknown', undefined, undefined, 'status.scaledToZero');
  return byReplicas({ desired, present: replicas, ready: readyReplicas });
}

export function daemonSetHealth(set: DaemonSet): Health {
  const { desiredNumberScheduled = 0, numberReady = 0, updatedNumberScheduled = 0 } = set.status ?? {};
  const ending = terminating(set);
  if (ending) return ending;
  if (isStale(set) || updatedNumberScheduled < desiredNumberScheduled) {
    return health('progressing', `${updatedNumberScheduled}/${desiredNumberScheduled}`);
  }
  return byReplicas({ desired: desiredNumberScheduled, present: desiredNumberScheduled, ready: numberReady });
}

export function jobHealth(job: Job): Health {
  const failed = conditionOf(job, 'Failed') ?? conditionOf(job, 'FailureTarget');
  const ending = terminating(job);
  if (ending) return ending;
  if (failed?.status === 'True') return health('failed', failed.reason, failed.message);
  if (conditionOf(job, 'Complete')?.status === 'True') return health('done');
  if (job.spec?.suspend === true) return health('unknown', undefined, undefined, 'status.suspended');
  if ((job.status?.failed ?? 0) > 0) return health('degraded', 'Retrying');
  return (job.status?.active ?? 0) > 0 ? health('ok') : health('progressing');
}

export function cronJobHealth(job: CronJob): Health {
  const ending = terminating(job);
  if (ending) return ending;
  if (job.spec?.suspend === true) return health('unknown', undefined, undefined, 'status.suspended');
  return health('ok', undefined, undefined, 'status.scheduled');
}

function byReplicas(count: { desired: number; present: number; ready: number }): Health {
  const fraction = `${count.ready}/${count.desired}`;
  if (count.present !== count.desired) return health('progressing', fraction);
  if (count.ready >= count.desired) return health('ok');
  return health(count.ready === 0 ? 'failed' : 'degraded', fraction);
}

/** The controller has not yet seen the last change of the spec. */
function isStale(object: KubeObject & { status?: { observedGeneration?: number } | undefined }): boolean {
  const { generation } = object.metadata;
  return generation !== undefined && (object.status?.observedGeneration ?? 0) < generation;
}
