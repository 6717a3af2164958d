import type { Dial, KubeClient } from '@berth/kube/client';
import type { ConfigMap, Pod, Secret, Service } from '@berth/kube/objects';
import type { EventRecorder } from '@berth/kube/reconcile';
import type { Logger } from 'pino';
import type { RotationPolicy } from '../logs/index.ts';
import type { ProbeCounts } from '../probes/index.ts';
import type { Pulls } from '../pulls/index.ts';
import type { Runtime } from '../runtime/types.ts';
import type { VolumeDirectories } from '../volumes/index.ts';
import type { ResizeRecords } from './resize/record.ts';
import type { SandboxSurroundings } from './sandbox-config.ts';

/** What all pods of a node share. */
export interface NodeContext {
  client: KubeClient;
  runtime: Runtime;
  logger: Logger;
  /** Aborted when the agent ends. */
  signal: AbortSignal;
  recorder: Pick<EventRecorder, 'record'>;
  /** Milliseconds since the epoch. */
  now(): number;
  around: SandboxSurroundings;
  hostIps: readonly string[];
  /** How probes and hooks connect where the node's network is not this process's. */
  dial?: Dial;
  /** Of the machine. */
  memoryBytes: number;
  /** What pods may have of the machine. */
  allocatable: { cpuMillis: number; memory: number; ephemeralStorage: number };
  /** What pods were given that were resized. */
  resizes: ResizeRecords;
  directories: VolumeDirectories;
  seccompDirectory: string;
  logRotation: RotationPolicy;
  /** ConfigMaps and Secrets that pods of this node refer to; the pod is told of changes. */
  references: References;
  /** By whose leave images came. */
  pulls: Pulls;
  /** How the pods' probes went. */
  probes: ProbeCounts;
  /** Services of the namespace and `kubernetes` of `default`. */
  services(namespace: string): readonly Service[];
  /** Whether containers are processes of this machine; without them there are no volumes, cgroups and probes. */
  processes: boolean;
}

export interface References {
  configMap(pod: Pod, name: string): Promise<ConfigMap | undefined>;
  secret(pod: Pod, name: string): Promise<Secret | undefined>;
  /** Forgets what the pod referred to. */
  release(uid: string): void;
}
