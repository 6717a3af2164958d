export interface DiskUse {
  bytes: number;
  inodes: number;
}

/** What a pod uses of what may run short; what could not be measured is left out. */
export interface PodUse {
  memoryBytes: number;
  processes: number;
  containers: readonly ContainerUse[];
  volumes: readonly (DiskUse & { name: string })[];
  /** Writable layers, logs and volumes that lie on the node's disk for as long as the pod lives. */
  ephemeralBytes: number;
}

export interface ContainerUse {
  name: string;
  memoryBytes?: number;
  layer?: DiskUse;
  logs?: DiskUse;
}
