import { controllerOf, type Pod, resources } from '@berth/kube/objects';
import type { Outcome, Reconciler, View } from '@berth/kube/reconcile';
import { keyOf } from '../status.ts';
import { isTracked } from './pods.ts';
import { release } from './tracking.ts';
import { isFinished, isOurs } from './verdict.ts';

/** Sets pods free whose job is over or gone: there is nobody left who would count them, and the finalizer would keep them for ever. */
export const orphanedJobPodController: Reconciler<Pod> = {
  name: 'job-controller',
  resource: resources.pods,
  watches: [
    {
      resource: resources.jobs,
      concerns: (job, view) =>
        view
          .controlledBy(resources.pods, job.metadata.uid ?? '')
          .filter(isTracked)
          .map(keyOf),
    },
  ],
  reconcile(pod: Pod, view: View): Outcome {
    if (!isTracked(pod)) return { actions: [] };
    const owner = controllerOf(pod);
    if (!owner) return { actions: [release(pod)] };
    if (owner.kind !== 'Job' || owner.apiVersion !== 'batch/v1') return { actions: [] };
    const key = { namespace: pod.metadata.namespace ?? '', name: owner.name };
    const job = view.get(resources.jobs, key);
    if (job?.metadata.uid !== owner.uid) {
      return { actions: [{ type: 'absent', resource: resources.jobs, key, uid: owner.uid }, release(pod)] };
    }
    return { actions: isFinished(job) && isOurs(job) ? [release(pod)] : [] };
  },
};
