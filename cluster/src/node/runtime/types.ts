import type { Duplex, Readable, Writable } from 'node:stream';

/** Times are milliseconds since the epoch, sizes bytes, identities whatever the runtime gives out. */

export interface SandboxMetadata {
  name: string;
  namespace: string;
  uid: string;
  /** Which sandbox of this pod it is, from 0. */
  attempt: number;
}

/** `pod`: shared by the pod's containers; `container`: each its own; `node`: the machine's. */
export type NamespaceScope = 'pod' | 'container' | 'node';

export interface NamespaceScopes {
  network: NamespaceScope;
  /** `of`: that of another container of the sandbox, by its id. */
  pid: NamespaceScope | { of: string };
  ipc: NamespaceScope;
}

export type SecurityProfile = { type: 'RuntimeDefault' | 'Unconfined' } | { type: 'Localhost'; path: string };

export interface PortMapping {
  protocol: 'TCP' | 'UDP' | 'SCTP';
  containerPort: number;
  hostPort: number;
  hostIp?: string;
}

export interface SandboxConfig {
  metadata: SandboxMetadata;
  /** Empty when the pod is in the machine's network. */
  hostname: string;
  logDirectory: string;
  dns?: { servers: string[]; searches: string[]; options: string[] };
  portMappings: PortMapping[];
  labels: Record<string, string>;
  annotations: Record<string, string>;
  cgroupParent: string;
  sysctls: Record<string, string>;
  namespaces: NamespaceScopes;
  privileged: boolean;
  runAsUser?: number;
  runAsGroup?: number;
  supplementalGroups: number[];
  seccomp?: SecurityProfile;
  /** The runtime's name for what runs the pod, '' or nothing for its default. */
  runtimeHandler?: string;
}

export interface SandboxStatus {
  id: string;
  metadata: SandboxMetadata;
  ready: boolean;
  createdAt: number;
  /** Empty in the machine's network. The first is the pod's primary address. */
  ips: string[];
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

export interface Mount {
  containerPath: string;
  hostPath: string;
  readonly: boolean;
  propagation: 'None' | 'HostToContainer' | 'Bidirectional';
}

export interface ContainerResources {
  /** Microseconds of processor time in each `cpuPeriod` microseconds. */
  cpuQuota?: number;
  cpuPeriod?: number;
  cpuShares?: number;
  memoryLimit?: number;
  oomScoreAdj?: number;
}

export interface ContainerSecurity {
  privileged: boolean;
  readonlyRootfs: boolean;
  noNewPrivileges: boolean;
  addCapabilities: string[];
  dropCapabilities: string[];
  runAsUser?: number;
  runAsUsername?: string;
  runAsGroup?: number;
  supplementalGroups: number[];
  seccomp?: SecurityProfile;
  /** `path` is the name of a profile that the kernel has. */
  appArmor?: SecurityProfile;
  maskedPaths: string[];
  readonlyPaths: string[];
  namespaces: NamespaceScopes;
}

export interface ContainerConfig {
  name: string;
  /** Which container of this name in the pod it is, from 0: the restart count. */
  attempt: number;
  /** What `ImageStatus.id` gives for the image. */
  image: string;
  /** As the pod says it. */
  userImage: string;
  command: string[];
  args: string[];
  workingDir: string;
  environment: { key: string; value: string }[];
  mounts: Mount[];
  labels: Record<string, string>;
  annotations: Record<string, string>;
  /** Relative to the sandbox's log directory. */
  logPath: string;
  stdin: boolean;
  stdinOnce: boolean;
  tty: boolean;
  resources: ContainerResources;
  security: ContainerSecurity;
}

export type ContainerState = 'created' | 'running' | 'exited' | 'unknown';

export interface ContainerSummary {
  id: string;
  sandboxId: string;
  name: string;
  attempt: number;
  /** The id of the image that it is made of. */
  imageId: string;
  state: ContainerState;
  createdAt: number;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

export interface ContainerStatus extends Omit<ContainerSummary, 'sandboxId' | 'imageId'> {
  /** 0 until started. */
  startedAt: number;
  /** 0 until ended. */
  finishedAt: number;
  exitCode: number;
  /** `Completed`, `Error`, `OOMKilled`, `StartError`, … */
  reason: string;
  message: string;
  image: string;
  /** A digested reference (`name@sha256:…`) where there is one, else the image's id. */
  imageRef: string;
  logPath: string;
  /** What it may use, where the runtime tells. */
  resources?: ContainerResources;
}

export interface ImageStatus {
  id: string;
  tags: string[];
  digests: string[];
  size: number;
  /** The runtime itself needs it. */
  pinned?: boolean;
  /** The user that the image's configuration names: a number, a name, or neither. */
  uid?: number;
  username?: string;
}

export interface ContainerStats {
  id: string;
  labels: Record<string, string>;
  /** When the figures were taken. */
  at: number;
  /** Processor time since the container began, in nanoseconds. */
  cpuNanoseconds: number;
  workingSetBytes: number;
  writableLayerBytes: number;
  writableLayerInodes: number;
}

export interface ExecResult {
  stdout: Buffer;
  stderr: Buffer;
  exitCode: number;
}

export interface StreamOptions {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  tty: boolean;
}

/** A process whose streams are connected. Ending `stdin` closes it in the container. */
export interface ProcessStreams {
  stdin?: Writable;
  stdout?: Readable;
  stderr?: Readable;
  resize(size: { width: number; height: number }): void;
  /** The exit code once it ended; rejects when the runtime could not run it or the connection broke. */
  exit: Promise<number>;
  close(): void;
}

/**
 * Something happened to a container or sandbox. `ended` is delivered only when `containerStatus` shows the end too.
 * `resync`: events may have been missed, look at everything.
 */
export type RuntimeEvent = { type: 'started' | 'ended' | 'removed' | 'oom'; id: string } | { type: 'resync' };

export interface RuntimeCondition {
  type: 'RuntimeReady' | 'NetworkReady' | (string & {});
  status: boolean;
  reason: string;
  message: string;
}

export interface LabelFilter {
  labels?: Record<string, string>;
}

export interface RegistryCredentials {
  username?: string;
  password?: string;
  auth?: string;
  identityToken?: string;
  registryToken?: string;
}

/**
 * What runs containers, as CRI v1 has it: a sandbox per pod, containers in it, images beside.
 *
 * Errors are `BerthError`s: `NotFound` for what is not there, `Conflict` where the state forbids the call, `Timeout`,
 * `ServiceUnavailable` when the runtime cannot be reached, `InternalError` with the runtime's own words otherwise.
 * Stop and remove are idempotent: what is gone already is no error.
 */
export interface Runtime {
  /** Put before a container's id in a pod's status: `containerd` in `containerd://…`. */
  readonly name: string;
  version(): Promise<{ name: string; version: string }>;
  conditions(): Promise<RuntimeCondition[]>;

  /** The id of a sandbox that is ready, its network included. */
  runSandbox(config: SandboxConfig): Promise<string>;
  /** Ends its containers at once and gives its addresses back. */
  stopSandbox(id: string): Promise<void>;
  removeSandbox(id: string): Promise<void>;
  sandboxStatus(id: string): Promise<SandboxStatus>;
  /** Without addresses: these are `sandboxStatus`'s alone. */
  listSandboxes(filter?: LabelFilter): Promise<Omit<SandboxStatus, 'ips'>[]>;

  createContainer(sandboxId: string, config: ContainerConfig, sandbox: SandboxConfig): Promise<string>;
  startContainer(id: string): Promise<void>;
  /** Asks the first process to end (its image's stop signal, SIGTERM by default), and kills it after the grace. */
  stopContainer(id: string, graceSeconds: number): Promise<void>;
  removeContainer(id: string): Promise<void>;
  containerStatus(id: string): Promise<ContainerStatus>;
  listContainers(filter?: LabelFilter & { sandboxId?: string }): Promise<ContainerSummary[]>;
  /** Changes what a container may use, while it runs; what is not given stays as it is. */
  updateResources(id: string, resources: ContainerResources): Promise<void>;
  /** Closes the container's log file and opens its path anew, after a rotation renamed it. */
  reopenLog(id: string): Promise<void>;

  /** Runs a command to its end; `Timeout` when it takes longer. */
  execSync(id: string, command: readonly string[], timeoutSeconds: number): Promise<ExecResult>;
  exec(id: string, command: readonly string[], options: StreamOptions): Promise<ProcessStreams>;
  attach(id: string, options: StreamOptions): Promise<ProcessStreams>;
  /** A connection to the port on the sandbox's own loopback. */
  portForward(sandboxId: string, port: number): Promise<Duplex>;

  /** Until the signal is aborted; begins with `resync`, and gives another after every interruption. */
  events(signal: AbortSignal): AsyncIterable<RuntimeEvent>;
  stats(filter?: LabelFilter): Promise<ContainerStats[]>;

  listImages(): Promise<ImageStatus[]>;
  imageStatus(image: string): Promise<ImageStatus | undefined>;
  /** Fetches from the registry; answers the image's id. */
  pullImage(image: string, credentials?: RegistryCredentials): Promise<string>;
  /** By name or id; by an id under all its names. */
  removeImage(image: string): Promise<void>;
  /** A path of the file system that holds images and writable layers; undefined where there is none. */
  imageFilesystem(): Promise<string | undefined>;

  close(): void;
}
