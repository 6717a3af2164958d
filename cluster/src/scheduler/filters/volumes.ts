import { claimNamesOf } from '../../claims/index.ts';
import type { Filter, PodInfo, Snapshot } from '../types.ts';
import { claimsOf, planVolumes } from '../volumes/index.ts';

/** The pod's volumes must be there or can be made, and be in reach of the node. */
export const volumeBinding: Filter = {
  name: 'VolumeBinding',
  prepare({ pod }, { storage }) {
    const claims = claimsOf(pod, storage);
    if (!claims) return undefined;
    if ('reason' in claims) {
      const { reason } = claims;
      return { hopeless: reason, check: () => ({ reason, resolvable: false }) };
    }
    return ({ node }) => {
      const planned = planVolumes(claims, node, storage);
      // Nobody else's pods are in the way.
      return 'bindings' in planned ? undefined : planned.map((reason) => ({ reason, resolvable: false }));
    };
  },
  mayHelp: ({ what }) => what === 'storageChanged' || what === 'nodeAdded' || what === 'nodeChanged',
};

/** A claim for one pod only is used by one pod only. */
export const volumeRestrictions: Filter = {
  name: 'VolumeRestrictions',
  prepare({ pod }, snapshot) {
    const { namespace = '', uid } = pod.metadata;
    const exclusive = claimNamesOf(pod).filter((name) =>
      snapshot.storage.claim(namespace, name)?.spec?.accessModes?.includes('ReadWriteOncePod'),
    );
    if (exclusive.length === 0) return undefined;
    const uses = (other: PodInfo) =>
      other.pod.metadata.namespace === namespace &&
      other.pod.metadata.uid !== uid &&
      claimNamesOf(other.pod).some((name) => exclusive.includes(name));
    let users = countPods(snapshot, uses);
    const reason =
      'node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod';
    return {
      check: () => (users > 0 ? { reason, resolvable: true } : undefined),
      count(other, _node, by) {
        if (uses(other)) users += by;
      },
    };
  },
  mayHelp: ({ what }) => what === 'podGone' || what === 'storageChanged',
};

function countPods({ nodes }: Snapshot, matches: (pod: PodInfo) => boolean): number {
  let count = 0;
  for (const { pods } of nodes) for (const pod of pods.values()) if (matches(pod)) count++;
  return count;
}
