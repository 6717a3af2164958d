import { type Job, resources } from '@berth/kube/objects';
import type { Outcome, Reconciler } from '@berth/kube/reconcile';
import { keyOf } from '../status.ts';

/** Deletes jobs some time after they are over. Source: "Automatic Cleanup for Finished Jobs" of the Kubernetes documentation. */
export const ttlAfterFinishedController: Reconciler<Job> = {
  name: 'ttl-after-finished-controller',
  resource: resources.jobs,
  watches: [],
  reconcile(job: Job, _view, now): Outcome {
    const { spec, status, metadata } = job;
    const ttl = spec?.ttlSecondsAfterFinished;
    const end = status?.conditions?.find(
      ({ type, status: is }) => (type === 'Complete' || type === 'Failed') && is === 'True',
    );
    const finished = Date.parse(end?.lastTransitionTime ?? '');
    if (ttl === undefined || Number.isNaN(finished) || metadata.deletionTimestamp !== undefined) return { actions: [] };
    const left = finished + ttl * 1000 - now;
    if (left > 0) return { actions: [], requeueAfter: left };
    const { uid, resourceVersion } = metadata;
    // With the version: somebody may be giving the job more time at this moment.
    const preconditions = {
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    };
    const options = { propagationPolicy: 'Foreground' as const, preconditions };
    return { actions: [{ type: 'delete', resource: resources.jobs, key: keyOf(job), options }] };
  },
};
