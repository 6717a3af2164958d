import type { KubeClient } from '@berth/kube/client';
import type { Logger } from 'pino';
import type { AuditSettings, Kubeconfig } from './api/index.ts';
import type { EncryptionControl } from './encryption/index.ts';
import type { Machines } from './machines.ts';
import type { HousekeepingSettings } from './node/index.ts';

/** `auto` takes containerd when this machine can run containers, and `simulated` otherwise. */
export type RuntimeChoice = 'auto' | 'containerd' | 'simulated' | `cri=${string}`;

export interface ClusterOptions {
  dataDir: string;
  listen: string;
  apiPort: number;
  /** Nodes that run containers. */
  nodes: number;
  /** Further nodes whose pods only pretend. */
  simulatedNodes: number;
  /** Milliseconds without a sign of life after which a node counts as lost; 50 s by default. Leases are as long as fits into it. */
  nodeMonitorGracePeriod?: number;
  /** What is recorded of requests to the API, and where. Default: by the usual policy, in the data directory. */
  audit?: AuditSettings;
  /** When nodes that run containers make room; as kubelet does by default. */
  housekeeping?: HousekeepingSettings;
  /** An AuthenticationConfiguration that says which issuers' tokens are good as well. */
  authentication?: { file: string } | undefined;
  /** How many requests of usual size the API server serves at once, shared among priority levels; 0: all. Default: 600. */
  maxRequestsInflight?: number;
  runtime: Exclude<RuntimeChoice, 'auto'>;
  /** An EncryptionConfiguration that says how objects are kept, and whether its changes count as they come; else Berth's own keys count. */
  encryption?: { file: string; reload: boolean } | undefined;
  /** Starts although what is under keys that are not there cannot be read. */
  acceptLostKeys?: boolean | undefined;
  logger: Logger;
  /**
   * Asked before an image is fetched from a registry: makes one that no registry has, hands its archive to `importImage`
   * and answers true. Rejections are the pull's failure. Several calls for one image may run at a time.
   */
  supplyImage?(reference: string, importImage: (file: string) => Promise<void>): Promise<boolean>;
  /** Runs one step of the start and reports it with its time. */
  step<T>(name: string, work: () => Promise<T>): Promise<T>;
}

/** How a program outside reaches the API server. PEM texts. */
export interface Connection {
  server: string;
  ca: string;
  cert: string;
  key: string;
}

export interface Cluster {
  /** Six hexadecimal characters; part of the name of every link, rule and cgroup of this instance. */
  instance: string;
  /** As the administrator (`kubernetes-admin`, `system:masters`). */
  connection: Connection;
  /** The same as a kubeconfig. */
  kubeconfig: Kubeconfig;
  /** A certificate of the cluster's authority for the addresses that the program listens on. PEM. */
  servingTls: { cert: string; key: string };
  /** In process, with all rights. */
  client: KubeClient;
  /** The nodes that run containers. */
  machines: Machines;
  /** How objects are kept in the store, and under which keys. */
  encryption: EncryptionControl;
  /** Imports an OCI or Docker archive into every node that is on. */
  importImage(file: string): Promise<void>;
  /** Ends what runs in this process; containers, rules and names go on. */
  stop(): Promise<void>;
}
