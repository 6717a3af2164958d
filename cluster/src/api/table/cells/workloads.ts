import type { KubeObject } from '@berth/kube/objects';
import { age, duration } from '../duration.ts';
import type { Cells } from './cell.ts';
import { at, count, type Loose, labels, list, none, number, orNone, selector, templateCells, text } from './reading.ts';

export const workloadCells: Readonly<Record<string, Cells>> = {
  'apps/Deployment': {
    ...templateCells,
    Ready: (object) => `${number(object, 'status', 'readyReplicas')}/${number(object, 'spec', 'replicas')}`,
    'Up-to-date': (object) => number(object, 'status', 'updatedReplicas'),
    Available: (object) => number(object, 'status', 'availableReplicas'),
  },
  'apps/ReplicaSet': templateCells,
  'apps/StatefulSet': {
    ...templateCells,
    Ready: (object) => `${number(object, 'status', 'readyReplicas')}/${number(object, 'spec', 'replicas')}`,
  },
  'apps/DaemonSet': {
    ...templateCells,
    'Node Selector': (object) => labels(at(object, 'spec', 'template', 'spec', 'nodeSelector')),
  },
  'apps/ControllerRevision': {
    Controller: (object) => {
      const owner = object.metadata.ownerReferences?.find((one) => one.controller);
      if (!owner) return none;
      const group = owner.apiVersion.includes('/') ? `.${owner.apiVersion.split('/')[0]}` : '';
      return `${owner.kind.toLowerCase()}${group}/${owner.name}`;
    },
  },
  '/ReplicationController': {
    ...templateCells,
    Selector: (object) => labels(at(object, 'spec', 'selector')),
  },
  '/PodTemplate': {
    Containers: (object) =>
      list(object, 'template', 'spec', 'containers')
        .map((one) => text(one, 'name'))
        .join(','),
    Images: (object) =>
      list(object, 'template', 'spec', 'containers')
        .map((one) => text(one, 'image'))
        .join(','),
    'Pod Labels': (object) => labels(at(object, 'template', 'metadata', 'labels')),
  },
  'batch/Job': {
    ...templateCells,
    Status: jobStatus,
    Completions: completions,
    Duration: (object, now) => {
      const start = text(object, 'status', 'startTime');
      if (start === '') return '';
      const end = text(object, 'status', 'completionTime');
      return duration((end === '' ? now.getTime() : Date.parse(end)) - Date.parse(start));
    },
  },
  'batch/CronJob': {
    Timezone: (object) => orNone(text(object, 'spec', 'timeZone')),
    Suspend: (object) => (at(object, 'spec', 'suspend') === true ? 'True' : 'False'),
    Active: (object) => count(object, 'status', 'active'),
    'Last Schedule': (object, now) => {
      const last = text(object, 'status', 'lastScheduleTime');
      return last === '' ? none : age(last, now);
    },
    Containers: (object) => containersOf(object, 'name'),
    Images: (object) => containersOf(object, 'image'),
    Selector: (object) => selector(at(object, 'spec', 'jobTemplate', 'spec', 'selector')),
  },
  'autoscaling/HorizontalPodAutoscaler': {
    Reference: (object) =>
      `${text(object, 'spec', 'scaleTargetRef', 'kind')}/${text(object, 'spec', 'scaleTargetRef', 'name')}`,
    Targets: targets,
    MaxPods: (object) => number(object, 'spec', 'maxReplicas'),
    Replicas: (object) => number(object, 'status', 'currentReplicas'),
    MinPods: (object) => orNone(text(object, 'spec', 'minReplicas')).replace(none, '<unset>'),
  },
  'policy/PodDisruptionBudget': {
    'Min Available': (object) => text(object, 'spec', 'minAvailable') || 'N/A',
    'Max Unavailable': (object) => text(object, 'spec', 'maxUnavailable') || 'N/A',
  },
};

function containersOf(cronJob: KubeObject, field: string): string {
  const containers = list(cronJob, 'spec', 'jobTemplate', 'spec', 'template', 'spec', 'containers');
  return containers.map((container) => text(container, field)).join(',');
}

function jobStatus(job: KubeObject): string {
  const holds = (type: string) =>
    list(job, 'status', 'conditions').some((one) => one.type === type && one.status === 'True');
  if (holds('Complete')) return 'Complete';
  if (holds('Failed')) return 'Failed';
  if (job.metadata.deletionTimestamp !== undefined) return 'Terminating';
  if (holds('Suspended')) return 'Suspended';
  if (holds('FailureTarget')) return 'FailureTarget';
  return holds('SuccessCriteriaMet') ? 'SuccessCriteriaMet' : 'Running';
}

function completions(job: KubeObject): string {
  const done = number(job, 'status', 'succeeded');
  const wanted = at(job, 'spec', 'completions');
  if (typeof wanted === 'number') return `${done}/${wanted}`;
  const parallelism = number(job, 'spec', 'parallelism');
  return parallelism > 1 ? `${done}/1 of ${parallelism}` : `${done}/1`;
}

function targets(autoscaler: KubeObject): string {
  const wanted = list(autoscaler, 'spec', 'metrics');
  if (wanted.length === 0) {
    const percent = at(autoscaler, 'spec', 'targetCPUUtilizationPercentage');
    if (percent === undefined) return none;
    const current = at(autoscaler, 'status', 'currentCPUUtilizationPercentage');
    return `cpu: ${current === undefined ? '<unknown>' : `${String(current)}%`}/${String(percent)}%`;
  }
  const current = list(autoscaler, 'status', 'currentMetrics');
  const shown = wanted.slice(0, 2).map((metric, index) => target(metric, current[index]));
  return shown.join(', ') + (wanted.length > 2 ? ` + ${wanted.length - 2} more...` : '');
}

/** What one metric is, and what it should be. */
function target(metric: Loose, current: unknown): string {
  const type = text(metric, 'type');
  const key = type.charAt(0).toLowerCase() + type.slice(1);
  const wanted = at(metric, key, 'target');
  const is = at(current, key, 'current');
  const average = text(wanted, 'averageValue');
  if (type === 'Resource' || type === 'ContainerResource') {
    const percent = (value: unknown) => {
      const share = at(value, 'averageUtilization');
      return share === undefined ? undefined : `${String(share)}%`;
    };
    const texts = average === '' ? [percent(is), percent(wanted) ?? '<auto>'] : [text(is, 'averageValue'), average];
    return `${text(metric, key, 'name')}: ${texts[0] || '<unknown>'}/${texts[1]}`;
  }
  if (average === '') return `${text(is, 'value') || '<unknown>'}/${text(wanted, 'value')}`;
  return `${text(is, 'averageValue') || '<unknown>'}/${average}${type === 'Pods' ? '' : ' (avg)'}`;
}
