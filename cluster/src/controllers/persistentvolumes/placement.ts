import { type Node, type PersistentVolumeClaim, resources } from '@berth/kube/objects';
import type { Outcome, Reconciler, View } from '@berth/kube/reconcile';
import { annotations, classOf, localProvisioner, waitsForConsumer } from '../../claims/index.ts';
import { findCondition } from '../conditions.ts';
import { keyOf } from '../status.ts';
import { claimPatch } from './patches.ts';

/**
 * Chooses the node for claims that are provisioned at once (`Immediate`) and on a node: the pods follow. Claims that wait for a pod
 * are placed by the scheduler.
 */
export const claimPlacement: Reconciler<PersistentVolumeClaim> = {
  name: 'local-volume-placement',
  resource: resources.persistentVolumeClaims,
  watches: [
    { resource: resources.storageClasses },
    {
      resource: resources.nodes,
      concerns: (_, view) => view.list(resources.persistentVolumeClaims).filter(isUnplaced).map(keyOf),
    },
  ],
  reconcile(claim: PersistentVolumeClaim, view: View): Outcome {
    const storageClass = view.get(resources.storageClasses, { name: classOf(claim) });
    if (!isUnplaced(claim) || !storageClass || waitsForConsumer(storageClass)) return { actions: [] };
    const nodes = view.list(resources.nodes).filter(isOpen);
    const node = nodes.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))[
      Number.parseInt(claim.metadata.uid?.slice(0, 8) ?? '0', 16) % nodes.length
    ];
    if (!node) return { actions: [] };
    const marks = { [annotations.selectedNode]: node.metadata.name };
    return { actions: [claimPatch(claim, { metadata: { annotations: marks } })] };
  },
};

function isUnplaced({ metadata, spec }: PersistentVolumeClaim): boolean {
  const marks = metadata.annotations ?? {};
  const ours = marks[annotations.provisioner] === localProvisioner && marks[annotations.selectedNode] === undefined;
  return ours && !spec?.volumeName && metadata.deletionTimestamp === undefined;
}

/** Ready, and open to any pod. */
function isOpen({ spec, status }: Node): boolean {
  const closed = spec?.taints?.some(({ effect }) => effect !== 'PreferNoSchedule') ?? false;
  return !closed && findCondition(status?.conditions, 'Ready')?.status === 'True';
}
