/** What is watched, in kubelet's words. Source: "Node-pressure Eviction" of the Kubernetes documentation. */
export const signals = [
  'memory.available',
  'nodefs.available',
  'nodefs.inodesFree',
  'imagefs.available',
  'imagefs.inodesFree',
  'pid.available',
] as const;
export type Signal = (typeof signals)[number];

export type Pressure = 'MemoryPressure' | 'DiskPressure' | 'PIDPressure';
/** What is short, as events and messages name it. */
export type Starved = 'memory' | 'ephemeral-storage' | 'inodes' | 'pids';

/** Bytes, files or processes. */
export interface Observation {
  available: number;
  capacity: number;
}
/** Signals that could not be read have no entry. */
export type Observations = Partial<Record<Signal, Observation>>;

export const pressureOf: Record<Signal, Pressure> = {
  'memory.available': 'MemoryPressure',
  'nodefs.available': 'DiskPressure',
  'nodefs.inodesFree': 'DiskPressure',
  'imagefs.available': 'DiskPressure',
  'imagefs.inodesFree': 'DiskPressure',
  'pid.available': 'PIDPressure',
};

export const starvedOf: Record<Signal, Starved> = {
  'memory.available': 'memory',
  'nodefs.available': 'ephemeral-storage',
  'nodefs.inodesFree': 'inodes',
  'imagefs.available': 'ephemeral-storage',
  'imagefs.inodesFree': 'inodes',
  'pid.available': 'pids',
};
