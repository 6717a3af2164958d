import { execFile } from 'node:child_process';
import { chmod, chown, lstat, mkdir, open, realpath, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { BerthError } from '@berth/kube/errors';
import type { Container, Pod, Volume } from '@berth/kube/objects';
import { bytes } from '@berth/kube/quantity';
import { unmountBelow } from '../runtime/containerd/index.ts';
import type { Mount } from '../runtime/types.ts';
import { writeAtomically } from './atomic.ts';
import { type ClaimSources, linkTo, pathOfVolume, volumeOfClaim } from './claims.ts';
import { directoryOf, type VolumeDirectories } from './directories.ts';
import { prepareHostPath } from './host-path.ts';
import { giveToGroup } from './ownership.ts';
import { hasPayload, type PayloadSources, payloadOf } from './payload.ts';
import { subPathOf, within } from './sub-path.ts';

export type { ClaimSources } from './claims.ts';
export { directoryOf, type VolumeDirectories } from './directories.ts';
export type { PayloadSources } from './payload.ts';
export { readWithin } from './read-within.ts';
export { diskUsage } from './usage.ts';

export type VolumeSources = PayloadSources & ClaimSources;

const run = promisify(execFile);

/**
 * Makes all volumes of the pod, or brings their content up to date. Throws a `BerthError` that begins as kubelet's
 * `FailedMount` message does.
 */
export async function mountVolumes(pod: Pod, directories: VolumeDirectories, sources: VolumeSources): Promise<void> {
  for (const volume of pod.spec?.volumes ?? []) {
    if (volume.persistentVolumeClaim || volume.ephemeral) {
      await mountClaim(volume, pod, directories, sources);
      continue;
    }
    try {
      await mountVolume(volume, pod, directories, sources);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      const message = `MountVolume.SetUp failed for volume "${volume.name}" : ${why}`;
      throw new BerthError('ServiceUnavailable', message, { cause });
    }
  }
}

/** A volume behind a claim: a link in the pod's directory leads to it, and the pod's group gets it. */
async function mountClaim(volume: Volume, pod: Pod, directories: VolumeDirectories, sources: ClaimSources) {
  const found = await volumeOfClaim(pod, volume, sources).catch((cause) => {
    const why = `failed to process volumes=[${volume.name}]: ${cause instanceof Error ? cause.message : cause}`;
    const message = `Unable to attach or mount volumes: unmounted volumes=[${volume.name}], unattached volumes=[], ${why}`;
    throw new BerthError('ServiceUnavailable', message, { cause });
  });
  try {
    const path = await pathOfVolume(found);
    await linkTo(path, directoryOf(volume, pod, directories));
    const { fsGroup, fsGroupChangePolicy } = pod.spec?.securityContext ?? {};
    const isOurs = found.spec?.local !== undefined && volume.persistentVolumeClaim?.readOnly !== true;
    if (fsGroup !== undefined && isOurs) await giveToGroup(path, Number(fsGroup), fsGroupChangePolicy);
  } catch (cause) {
    const step = found.spec?.hostPath ? 'MountVolume.SetUp failed' : 'MountVolume.NewMounter initialization failed';
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new BerthError('ServiceUnavailable', `${step} for volume "${found.metadata.name}" : ${why}`, { cause });
  }
}

async function mountVolume(volume: Volume, pod: Pod, directories: VolumeDirectories, sources: PayloadSources) {
  const directory = directoryOf(volume, pod, directories);
  const fsGroup = pod.spec?.securityContext?.fsGroup;
  const group = fsGroup === undefined ? undefined : Number(fsGroup);
  if (volume.emptyDir) {
    const most = Math.min(memoryLimitOf(pod) ?? sources.allocatable.memory, sources.allocatable.memory);
    return emptyDirectory(volume.emptyDir, directory, group, most);
  }
  if (volume.hostPath) return prepareHostPath(volume.hostPath.path, volume.hostPath.type);
  if (hasPayload(volume)) {
    await writeAtomically(directory, await payloadOf(volume, pod, sources), group);
    return;
  }
  const kind = Object.keys(volume).find((key) => key !== 'name') ?? 'unknown';
  throw new BerthError('BadRequest', `volumes of type ${kind} are not supported by this node`);
}

async function emptyDirectory(
  source: NonNullable<Volume['emptyDir']>,
  directory: string,
  group: number | undefined,
  mostMemory: number,
): Promise<void> {
  const present = await lstat(directory).catch(() => undefined);
  const inMemory = source.medium === 'Memory';
  // After a reboot the directory is there and what was mounted on it is not.
  if (present && (!inMemory || present.dev !== (await lstat(dirname(directory))).dev)) return;
  await mkdir(directory, { recursive: true });
  if (inMemory) {
    // Without a limit of its own it may take what the pod may, or the node has.
    const size = Math.min(bytes((source.sizeLimit ?? 0) as string) || mostMemory, mostMemory);
    await run('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', directory]);
  }
  if (group !== undefined) await chown(directory, 0, group);
  await chmod(directory, group === undefined ? 0o777 : 0o2777);
}

/** Bytes that all containers of the pod together may use; undefined when one of them has no limit. */
function memoryLimitOf({ spec }: Pod): number | undefined {
  const limits = (spec?.containers ?? []).map(({ resources }) => resources?.limits?.memory);
  if (limits.includes(undefined)) return undefined;
  return limits.reduce<number>((sum, limit) => sum + bytes(limit as string), 0);
}

/** Rewrites what the pod's objects say now; what is mounted by `subPath` stays as it was. */
export async function refreshVolumes(pod: Pod, directories: VolumeDirectories, sources: PayloadSources): Promise<void> {
  const volumes = (pod.spec?.volumes ?? []).filter(hasPayload);
  const fsGroup = pod.spec?.securityContext?.fsGroup;
  for (const volume of volumes) {
    const payload = await payloadOf(volume, pod, sources);
    const group = fsGroup === undefined ? undefined : Number(fsGroup);
    await writeAtomically(directoryOf(volume, pod, directories), payload, group);
  }
}

/** Takes the volumes of a pod that ended away; what it said last stays. */
export async function releaseVolumes(uid: string, directories: VolumeDirectories): Promise<void> {
  const volumes = join(directories.pods, uid, 'volumes');
  await unmountBelow(volumes);
  await rm(volumes, { recursive: true, force: true });
  await rm(join(directories.secrets, uid), { recursive: true, force: true });
}

/** Takes all that the pod had in these directories away; `hostPath` is not ours and stays. */
export async function removeVolumes(uid: string, directories: VolumeDirectories): Promise<void> {
  await unmountBelow(join(directories.pods, uid));
  for (const base of [directories.pods, directories.secrets]) {
    await rm(join(base, uid), { recursive: true, force: true });
  }
}

/** Where a container's volumes are on this machine. */
export async function volumeMounts(
  pod: Pod,
  container: Container,
  directories: VolumeDirectories,
  variables: ReadonlyMap<string, string>,
): Promise<Mount[]> {
  const mounts: Mount[] = [];
  for (const mount of container.volumeMounts ?? []) {
    const volume = pod.spec?.volumes?.find((found) => found.name === mount.name);
    if (!volume) throw new BerthError('BadRequest', `volume "${mount.name}" is not one of the pod's`);
    requireRecursion(mount);
    const place = volume.hostPath?.path ?? directoryOf(volume, pod, directories);
    const root = volume.persistentVolumeClaim || volume.ephemeral ? await realpath(place) : place;
    const subPath = subPathOf(mount, variables);
    mounts.push({
      containerPath: mount.mountPath.startsWith('/') ? mount.mountPath : `/${mount.mountPath}`,
      hostPath: subPath ? await within(root, subPath) : root,
      // What objects hold is never written by a container.
      readonly: mount.readOnly === true || volume.persistentVolumeClaim?.readOnly === true || hasPayload(volume),
      propagation: (mount.mountPropagation as Mount['propagation'] | undefined) ?? 'None',
    });
  }
  return mounts;
}

/** The runtime makes only the mount itself read-only, not what is mounted below it: whoever insists on that must be told. */
function requireRecursion({ name, recursiveReadOnly }: NonNullable<Container['volumeMounts']>[number]): void {
  if (recursiveReadOnly !== 'Enabled') return;
  const why = `volume "${name}" requested recursive read-only mode, but it is not supported by the runtime`;
  throw new BerthError('BadRequest', `failed to resolve recursive read-only mode: ${why}`);
}

/** An empty file that a container may write its last words to. */
export async function touch(file: string): Promise<void> {
  const handle = await open(file, 'a', 0o666);
  await handle.chmod(0o666);
  await handle.close();
}
