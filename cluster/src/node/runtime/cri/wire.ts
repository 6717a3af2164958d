/** The messages of `proto/runtime.proto` as the loader decodes them: 64-bit numbers as strings, enums by name. */

export interface WireSandbox {
  id: string;
  metadata: { name: string; namespace: string; uid: string; attempt: number } | null;
  state: 'SANDBOX_READY' | 'SANDBOX_NOTREADY';
  createdAt: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

export interface WireSandboxStatus extends WireSandbox {
  network: { ip: string; additionalIps: { ip: string }[] } | null;
}

type WireState = 'CONTAINER_CREATED' | 'CONTAINER_RUNNING' | 'CONTAINER_EXITED' | 'CONTAINER_UNKNOWN';

interface WireContainerBase {
  id: string;
  metadata: { name: string; attempt: number } | null;
  state: WireState;
  createdAt: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

export interface WireContainer extends WireContainerBase {
  podSandboxId: string;
  imageRef: string;
}

export interface WireContainerStatus extends WireContainerBase {
  startedAt: string;
  finishedAt: string;
  exitCode: number;
  image: { image: string } | null;
  imageRef: string;
  reason: string;
  message: string;
  logPath: string;
  resources: {
    linux: {
      cpuQuota: string;
      cpuPeriod: string;
      cpuShares: string;
      memoryLimitInBytes: string;
      oomScoreAdj: string;
    } | null;
  } | null;
}

export interface WireImage {
  id: string;
  repoTags: string[];
  repoDigests: string[];
  size: string;
  uid: { value: string } | null;
  username: string;
  pinned: boolean;
}

export interface WireStats {
  attributes: { id: string; labels: Record<string, string> } | null;
  cpu: { timestamp: string; usageCoreNanoSeconds: { value: string } | null } | null;
  memory: { timestamp: string; workingSetBytes: { value: string } | null } | null;
  writableLayer: { usedBytes: { value: string } | null; inodesUsed: { value: string } | null } | null;
}

export interface WireFilesystem {
  fsId: { mountpoint: string } | null;
}

export interface WireCondition {
  type: string;
  status: boolean;
  reason: string;
  message: string;
}
