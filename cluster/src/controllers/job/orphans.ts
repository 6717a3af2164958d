import { controllerOf, type Pod, resources } from '@berth/kube/objects';
import type { Outcome, Reconciler, View } from '@berth/kube/reconcile';
import { keyOf } from '../status.ts';
import { trackingFinalizer } from './tracking.ts';

/** Sets pods free whose job is gone: there is nobody left who would count them, and the finalizer would keep them for ever. */
export const orphanedJobPodController: Reconciler<Pod> = {
  name: 'job-controller',
  resource: resources.pods,
  watches: [
    {
      resource: resources.jobs,
      concerns: (job, view) => view.controlledBy(resources.pods, job.metadata.uid ?? '').map(keyOf),
    },
  ],
  reconcile(pod: Pod, view: View): Outcome {
    const { finalizers = [], namespace = '', uid } = pod.metadata;
    if (!finalizers.includes(trackingFinalizer)) return { actions: [] };
    const owner = controllerOf(pod);
    const key = { namespace, name: owner?.name ?? '' };
    const isOfJob = owner?.kind === 'Job';
    if (isOfJob && view.get(resources.jobs, key)?.metadata.uid === owner.uid) return { actions: [] };
    const left = finalizers.filter((each) => each !== trackingFinalizer);
    const body = { metadata: { uid, finalizers: left.length > 0 ? left : null } };
    return {
      actions: [
        ...(isOfJob ? [{ type: 'absent' as const, resource: resources.jobs, key, uid: owner.uid }] : []),
        { type: 'patch', resource: resources.pods, key: keyOf(pod), patch: { type: 'merge', body } },
      ],
    };
  },
};
