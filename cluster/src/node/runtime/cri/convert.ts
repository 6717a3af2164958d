import type {
  ContainerConfig,
  ContainerResources,
  ContainerState,
  ContainerStats,
  ContainerStatus,
  ContainerSummary,
  ImageStatus,
  NamespaceScopes,
  SandboxConfig,
  SandboxStatus,
  SecurityProfile,
} from '../types.ts';
import type {
  WireContainer,
  WireContainerStatus,
  WireImage,
  WireSandbox,
  WireSandboxStatus,
  WireStats,
} from './wire.ts';

const milliseconds = (nanoseconds: string): number => Number(BigInt(nanoseconds) / 1_000_000n);

const states: Record<WireContainer['state'], ContainerState> = {
  CONTAINER_CREATED: 'created',
  CONTAINER_RUNNING: 'running',
  CONTAINER_EXITED: 'exited',
  CONTAINER_UNKNOWN: 'unknown',
};

export function sandboxOf(wire: WireSandbox): Omit<SandboxStatus, 'ips'> {
  return {
    id: wire.id,
    metadata: {
      name: wire.metadata?.name ?? '',
      namespace: wire.metadata?.namespace ?? '',
      uid: wire.metadata?.uid ?? '',
      attempt: wire.metadata?.attempt ?? 0,
    },
    ready: wire.state === 'SANDBOX_READY',
    createdAt: milliseconds(wire.createdAt),
    labels: wire.labels,
    annotations: wire.annotations,
  };
}

export function sandboxStatusOf(wire: WireSandboxStatus): SandboxStatus {
  const ips = wire.network ? [wire.network.ip, ...wire.network.additionalIps.map((extra) => extra.ip)] : [];
  return { ...sandboxOf(wire), ips: ips.filter((ip) => ip !== '') };
}

export function containerOf(wire: WireContainer): ContainerSummary {
  return {
    id: wire.id,
    sandboxId: wire.podSandboxId,
    name: wire.metadata?.name ?? '',
    attempt: wire.metadata?.attempt ?? 0,
    imageId: wire.imageRef,
    state: states[wire.state],
    createdAt: milliseconds(wire.createdAt),
    labels: wire.labels,
    annotations: wire.annotations,
  };
}

export function containerStatusOf(wire: WireContainerStatus): ContainerStatus {
  const [startedAt, finishedAt] = [milliseconds(wire.startedAt), milliseconds(wire.finishedAt)];
  return {
    id: wire.id,
    name: wire.metadata?.name ?? '',
    attempt: wire.metadata?.attempt ?? 0,
    state: states[wire.state],
    createdAt: milliseconds(wire.createdAt),
    startedAt,
    // containerd notes the start after the fact: a process that ends at once seems to end before it.
    finishedAt: finishedAt > 0 ? Math.max(finishedAt, startedAt) : 0,
    exitCode: wire.exitCode,
    reason: wire.reason,
    message: wire.message,
    image: wire.image?.image ?? '',
    imageRef: wire.imageRef,
    logPath: wire.logPath,
    ...(wire.resources ? { resources: resourcesOf(wire.resources) } : {}),
    labels: wire.labels,
    annotations: wire.annotations,
  };
}

export function imageOf(wire: WireImage): ImageStatus {
  const image: ImageStatus = { id: wire.id, tags: wire.repoTags, digests: wire.repoDigests, size: Number(wire.size) };
  if (wire.uid) image.uid = Number(wire.uid.value);
  if (wire.pinned) image.pinned = true;
  if (wire.username !== '') image.username = wire.username;
  return image;
}

export function statsOf(wire: WireStats): ContainerStats {
  return {
    id: wire.attributes?.id ?? '',
    labels: wire.attributes?.labels ?? {},
    at: milliseconds(wire.cpu?.timestamp ?? '0'),
    cpuNanoseconds: Number(wire.cpu?.usageCoreNanoSeconds?.value ?? 0),
    workingSetBytes: Number(wire.memory?.workingSetBytes?.value ?? 0),
    writableLayerBytes: Number(wire.writableLayer?.usedBytes?.value ?? 0),
    writableLayerInodes: Number(wire.writableLayer?.inodesUsed?.value ?? 0),
  };
}

const namespacesOf = (scopes: NamespaceScopes) => ({
  network: scopes.network.toUpperCase(),
  pid: typeof scopes.pid === 'object' ? 'TARGET' : scopes.pid.toUpperCase(),
  ipc: scopes.ipc.toUpperCase(),
  targetId: typeof scopes.pid === 'object' ? scopes.pid.of : '',
});

const profileOf = (profile: SecurityProfile) => ({
  profileType: profile.type,
  localhostRef: profile.type === 'Localhost' ? profile.path : '',
});

const int64 = (value: number | undefined) => (value === undefined ? undefined : { value });

export function wireSandboxConfig(config: SandboxConfig): object {
  return {
    metadata: config.metadata,
    hostname: config.hostname,
    logDirectory: config.logDirectory,
    dnsConfig: config.dns,
    portMappings: config.portMappings,
    labels: config.labels,
    annotations: config.annotations,
    linux: {
      cgroupParent: config.cgroupParent,
      sysctls: config.sysctls,
      securityContext: {
        namespaceOptions: namespacesOf(config.namespaces),
        privileged: config.privileged,
        runAsUser: int64(config.runAsUser),
        runAsGroup: int64(config.runAsGroup),
        supplementalGroups: config.supplementalGroups,
        seccomp: config.seccomp && profileOf(config.seccomp),
      },
    },
  };
}

export const wireResources = (resources: ContainerResources): object => ({
  cpuQuota: resources.cpuQuota,
  cpuPeriod: resources.cpuPeriod,
  cpuShares: resources.cpuShares,
  memoryLimitInBytes: resources.memoryLimit,
  oomScoreAdj: resources.oomScoreAdj,
});

/** 0 means that nothing is said. */
function resourcesOf({ linux }: NonNullable<WireContainerStatus['resources']>): ContainerResources {
  const numbers = {
    cpuQuota: Number(linux?.cpuQuota ?? 0),
    cpuPeriod: Number(linux?.cpuPeriod ?? 0),
    cpuShares: Number(linux?.cpuShares ?? 0),
    memoryLimit: Number(linux?.memoryLimitInBytes ?? 0),
    oomScoreAdj: Number(linux?.oomScoreAdj ?? 0),
  };
  return Object.fromEntries(Object.entries(numbers).filter(([, value]) => value !== 0));
}

export function wireContainerConfig(config: ContainerConfig): object {
  const { resources, security } = config;
  return {
    metadata: { name: config.name, attempt: config.attempt },
    image: { image: config.image, userSpecifiedImage: config.userImage },
    command: config.command,
    args: config.args,
    workingDir: config.workingDir,
    envs: config.environment,
    mounts: config.mounts.map((mount) => ({ ...mount, propagation: propagations[mount.propagation] })),
    labels: config.labels,
    annotations: config.annotations,
    logPath: config.logPath,
    stdin: config.stdin,
    stdinOnce: config.stdinOnce,
    tty: config.tty,
    linux: {
      resources: wireResources(resources),
      securityContext: {
        capabilities: { addCapabilities: security.addCapabilities, dropCapabilities: security.dropCapabilities },
        privileged: security.privileged,
        namespaceOptions: namespacesOf(security.namespaces),
        runAsUser: int64(security.runAsUser),
        runAsUsername: security.runAsUsername,
        runAsGroup: int64(security.runAsGroup),
        readonlyRootfs: security.readonlyRootfs,
        supplementalGroups: security.supplementalGroups,
        noNewPrivs: security.noNewPrivileges,
        seccomp: security.seccomp && profileOf(security.seccomp),
        apparmor: security.appArmor && profileOf(security.appArmor),
        maskedPaths: security.maskedPaths,
        readonlyPaths: security.readonlyPaths,
      },
    },
  };
}

const propagations = {
  None: 'PROPAGATION_PRIVATE',
  HostToContainer: 'PROPAGATION_HOST_TO_CONTAINER',
  Bidirectional: 'PROPAGATION_BIDIRECTIONAL',
};
