import type { User } from '../types.ts';

const named = (name: string): User => ({ name, groups: [] });

/** As whom the parts of a cluster speak to its API server, each with the rights of a default role. Nodes speak as `nodeUser`. */
export const identities = {
  controllers: named('system:kube-controller-manager'),
  scheduler: named('system:kube-scheduler'),
  /** Makes and removes the directories of the default storage class, on all nodes. */
  volumes: named('system:berth:volumes'),
  /** Service addresses and names. */
  network: named('system:berth:network'),
  /** The nodes that only pretend are one. */
  simulatedNodes: named('system:berth:simulated-nodes'),
} as const satisfies Record<string, User>;
