import type { ContainerResources } from '../runtime/types.ts';
import type { CgroupUse } from './cgroup.ts';
import type { FilesystemUse, InterfaceUse } from './machine.ts';

/** What a node, its pods and their containers use at one moment. Times are milliseconds since the epoch. */
export interface NodeSample {
  node: string;
  at: number;
  /** When the machine began. */
  startedAt: number;
  cpus: number;
  memoryBytes: number;
  use: CgroupUse;
  interfaces: readonly InterfaceUse[];
  filesystem: FilesystemUse;
  /** What images take of it. */
  imageBytes: number;
  pods: readonly PodSample[];
}

export interface PodSample {
  namespace: string;
  name: string;
  uid: string;
  startedAt: number;
  at: number;
  /** Its path, as in /proc/PID/cgroup. */
  cgroup: string;
  use: CgroupUse;
  /** Empty in the machine's network. */
  interfaces: readonly InterfaceUse[];
  sandboxId: string;
  /** Those that run. */
  containers: readonly ContainerSample[];
  /** Of its claims. */
  volumes: readonly (FilesystemUse & { name: string; claim: string })[];
}

export interface ContainerSample {
  name: string;
  id: string;
  image: string;
  startedAt: number;
  at: number;
  cgroup: string;
  use: CgroupUse;
  writableLayerBytes: number;
  writableLayerInodes: number;
  resources: ContainerResources;
}

export const unused: CgroupUse = {
  cpuNanoseconds: 0,
  cpuUserNanoseconds: 0,
  cpuSystemNanoseconds: 0,
  periods: 0,
  throttledPeriods: 0,
  throttledNanoseconds: 0,
  memoryBytes: 0,
  mostMemoryBytes: 0,
  workingSetBytes: 0,
  rssBytes: 0,
  cacheBytes: 0,
  mappedFileBytes: 0,
  swapBytes: 0,
  pageFaults: 0,
  majorPageFaults: 0,
  memoryFailures: 0,
  outOfMemoryKills: 0,
  processes: 0,
  io: [],
};
