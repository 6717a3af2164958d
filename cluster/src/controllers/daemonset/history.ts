import { type Pod, resources } from '@berth/kube/objects';
import type { Action } from '@berth/kube/reconcile';
import { controllerRevisions, hashOfRevision, podRevisionLabel, type Revisions } from '../revisions.ts';
import { keyOf } from '../status.ts';

/** Of several revisions that hold the present template one stays; the pods of the others are counted as its own. */
export function withoutDuplicates({ update, duplicates }: Revisions, pods: readonly Pod[]): Action[] {
  return duplicates.flatMap((duplicate): Action[] => {
    const theirs = pods.filter(({ metadata }) => metadata.labels?.[podRevisionLabel] === hashOfRevision(duplicate));
    const labels = { [podRevisionLabel]: hashOfRevision(update) };
    return [
      ...theirs.map(
        (pod): Action => ({
          type: 'patch',
          resource: resources.pods,
          key: keyOf(pod),
          patch: { type: 'merge', body: { metadata: { uid: pod.metadata.uid, labels } } },
        }),
      ),
      { type: 'delete', resource: controllerRevisions, key: keyOf(duplicate) },
    ];
  });
}
