import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BerthError, isBerthError } from '@berth/kube/errors';
import type { Container, Pod } from '@berth/kube/objects';
import type { SandboxConfig, SandboxStatus } from '../runtime/types.ts';
import { directoryOf, readWithin, touch, volumeMounts } from '../volumes/index.ts';
import { containerConfig } from './container-config.ts';
import { recordOf } from './container-events.ts';
import type { NodeContext } from './context.ts';
import { environmentOf } from './environment.ts';
import { ensureImage, ImageMissing } from './images.ts';
import type { ContainerMemory, StartFailure } from './memory.ts';
import { newestOf, type ObservedPod } from './observed.ts';
import { fqdnOf, hostnameOf } from './sandbox-config.ts';

export interface StartOptions {
  context: NodeContext;
  pod: Pod;
  container: Container;
  attempt: number;
  sandbox: SandboxStatus;
  sandboxConfig: SandboxConfig;
  memory: ContainerMemory;
  observed: ObservedPod;
}

/** A container could not be started: its waiting state, and in how many milliseconds to try again. */
export class StartError extends Error {
  readonly reason: string;
  readonly retryAfter: number;
  /** The container was created and is there, ended. */
  readonly id: string | undefined;

  constructor(reason: string, cause: unknown, options: { retryAfter: number; id?: string }) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.reason = reason;
    this.retryAfter = options.retryAfter;
    this.id = options.id;
  }
}

/** How long after a mistake in the pod's own definition it is tried again, in case what it refers to has come. */
const configRetry = 5000;

/** Bytes of a file that variables are taken from. */
const longestEnvFile = 1024 * 1024;

/** Image, configuration, create, start. Answers the container's id; throws `StartError`. */
export async function startContainer(options: StartOptions): Promise<string> {
  const { context, pod, container, sandbox } = options;
  const { runtime } = context;
  const image = await ensureImage(context, pod, container, options.memory).catch((cause) => {
    if (cause instanceof ImageMissing) throw new StartError(cause.reason, cause, { retryAfter: cause.retryAfter });
    throw new StartError('ImageInspectError', cause, { retryAfter: configRetry });
  });

  const failed = (reason: string, cause: unknown, id?: string): never => {
    const message = cause instanceof Error ? cause.message : String(cause);
    // With an id that is new each time, each time would be an event of its own.
    const told = id === undefined ? message : message.replaceAll(id, container.name);
    recordOf(context, pod, container.name, 'Warning', 'Failed', `Error: ${told}`);
    throw new StartError(reason, cause, id === undefined ? { retryAfter: configRetry } : { retryAfter: 0, id });
  };
  const config = await configured(options, image).catch((cause) => failed('CreateContainerConfigError', cause));
  const id = await runtime
    .createContainer(sandbox.id, config, options.sandboxConfig)
    .catch((cause) => failed('CreateContainerError', cause));
  recordOf(context, pod, container.name, 'Normal', 'Created', 'Container created');
  try {
    await runtime.startContainer(id);
  } catch (cause) {
    // Whether it runs is not known: to say that it ended would start a second one beside it.
    if (isBerthError(cause, 'ServiceUnavailable') || isBerthError(cause, 'Timeout')) throw cause;
    const message = cause instanceof Error ? cause.message : String(cause);
    failed('RunContainerError', new BerthError('InternalError', `failed to start container "${id}": ${message}`), id);
  }
  recordOf(context, pod, container.name, 'Normal', 'Started', 'Container started');
  return id;
}

async function configured(options: StartOptions, image: Awaited<ReturnType<typeof ensureImage>>) {
  const { context, pod, container, attempt, sandbox } = options;
  const podIps = pod.spec?.hostNetwork ? context.hostIps : sandbox.ips;
  const environment = await environmentOf(pod, container, {
    configMap: (name) => context.references.configMap(pod, name),
    secret: (name) => context.references.secret(pod, name),
    file: (name, path) => readWithin(directoryOf({ name }, pod, context.directories), path, longestEnvFile),
    services: () => context.services(pod.metadata.namespace ?? ''),
    podIps,
    hostIps: context.hostIps,
    allocatable: context.allocatable,
  });
  const target = targetOf(options);
  const parts = { pod, container, attempt, image, environment, nodeMemory: context.memoryBytes, ...target };
  const { seccompDirectory } = context;
  if (!context.processes) return containerConfig({ ...parts, mounts: [], seccompDirectory });
  const variables = new Map(environment.map(({ key, value }) => [key, value]));
  const mounts = await volumeMounts(pod, container, context.directories, variables);
  const directory = join(context.directories.pods, pod.metadata.uid ?? '');
  const last = join(directory, 'containers', container.name, randomBytes(4).toString('hex'));
  await mkdir(join(directory, 'containers', container.name), { recursive: true });
  await touch(last);
  mounts.push({
    containerPath: container.terminationMessagePath ?? '/dev/termination-log',
    hostPath: last,
    readonly: false,
    propagation: 'None',
  });
  if (!mounts.some((mount) => mount.containerPath === '/etc/hosts')) {
    const hosts = join(directory, 'etc-hosts');
    const text = pod.spec?.hostNetwork
      ? nodeHostsFile(pod, await readFile('/etc/hosts', 'utf8').catch(() => ''))
      : hostsFile(pod, podIps, context.around.clusterDomain);
    await writeFile(hosts, text);
    mounts.push({ containerPath: '/etc/hosts', hostPath: hosts, readonly: false, propagation: 'None' });
  }
  const config = containerConfig({ ...parts, mounts, seccompDirectory });
  // Found again after a restart of the agent, to read the container's last words from.
  config.annotations[terminationFile] = last;
  return config;
}

/** The container that an ephemeral one names, whose processes it sees. */
function targetOf({ container, observed }: StartOptions): { target?: string } {
  const { targetContainerName: name } = container as { targetContainerName?: string };
  if (!name) return {};
  const found = newestOf(observed, name);
  if (!found) throw new BerthError('BadRequest', `unable to find target container "${name}"`);
  return { target: found.id };
}

export const terminationFile = 'berth.dev/termination-file';

/** The container's `/etc/hosts`: itself, its aliases. */
function hostsFile(pod: Pod, ips: readonly string[], clusterDomain: string): string {
  const lines = [
    '# Kubernetes-managed hosts file.',
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'fe00::0\tip6-localnet',
    'fe00::0\tip6-mcastprefix',
    'fe00::1\tip6-allnodes',
    'fe00::2\tip6-allrouters',
  ];
  const fqdn = fqdnOf(pod, clusterDomain);
  const names = [...(fqdn ? [fqdn] : []), hostnameOf(pod)].join('\t');
  for (const ip of ips) lines.push(`${ip}\t${names}`);
  return `${[...lines, ...aliasLines(pod)].join('\n')}\n`;
}

/** The same in the machine's network: what the machine has, and the pod's aliases. */
function nodeHostsFile(pod: Pod, ofNode: string): string {
  const lines = aliasLines(pod).map((line) => `${line}\n`);
  return ['# Kubernetes-managed hosts file (host network).\n', ofNode, ...lines].join('');
}

function aliasLines({ spec }: Pod): string[] {
  const aliases = spec?.hostAliases ?? [];
  if (aliases.length === 0) return [];
  const lines = aliases.map(({ ip, hostnames }) => `${ip}\t${(hostnames ?? []).join('\t')}`);
  return ['', '# Entries added by HostAliases.', ...lines];
}

/** The memory of a failed start. */
export function failureOf(error: StartError, now: number, before: StartFailure | undefined): StartFailure {
  return {
    reason: error.reason,
    message: error.message,
    retryAt: now + error.retryAfter,
    count: (before?.count ?? 0) + 1,
  };
}
