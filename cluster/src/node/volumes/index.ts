import { execFile } from 'node:child_process';
import { chmod, chown, lstat, mkdir, open, realpath, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { BerthError } from '@berth/kube/errors';
import type { Container, Pod, Volume } from '@berth/kube/objects';
import { bytes } from '@berth/kube/quantity';
import { expand } from '../pods/environment.ts';
import { unmountBelow } from '../runtime/containerd/index.ts';
import type { Mount } from '../runtime/types.ts';
import { writeAtomically } from './atomic.ts';
import { prepareHostPath } from './host-path.ts';
import { hasPayload, type PayloadSources, payloadOf } from './payload.ts';

export type { PayloadSources } from './payload.ts';

const run = promisify(execFile);

export interface VolumeDirectories {
  /** Holds a directory for each pod, by uid; survives a reboot. */
  pods: string;
  /** The same for what should not lie on a disk (secrets, tokens). */
  secrets: string;
}

const directoryOf = (volume: Volume, pod: Pod, directories: VolumeDirectories): string => {
  const base = volume.secret || volume.projected ? directories.secrets : directories.pods;
  return join(base, pod.metadata.uid ?? '', 'volumes', volume.name);
};

/**
 * Makes all volumes of the pod, or brings their content up to date. Throws a `BerthError` that begins as kubelet's
 * `FailedMount` message does.
 */
export async function mountVolumes(pod: Pod, directories: VolumeDirectories, sources: PayloadSources): Promise<void> {
  for (const volume of pod.spec?.volumes ?? []) {
    try {
      await mountVolume(volume, pod, directories, sources);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      const message = `MountVolume.SetUp failed for volume "${volume.name}" : ${why}`;
      throw new BerthError('ServiceUnavailable', message, { cause });
    }
  }
}

async function mountVolume(volume: Volume, pod: Pod, directories: VolumeDirectories, sources: PayloadSources) {
  const directory = directoryOf(volume, pod, directories);
  const fsGroup = pod.spec?.securityContext?.fsGroup;
  const group = fsGroup === undefined ? undefined : Number(fsGroup);
  if (volume.emptyDir) return emptyDirectory(volume.emptyDir, directory, group);
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
): Promise<void> {
  const present = await lstat(directory).catch(() => undefined);
  const inMemory = source.medium === 'Memory';
  // After a reboot the directory is there and what was mounted on it is not.
  if (present && (!inMemory || present.dev !== (await lstat(dirname(directory))).dev)) return;
  await mkdir(directory, { recursive: true });
  if (inMemory) {
    const size = source.sizeLimit === undefined ? [] : ['-o', `size=${bytes(source.sizeLimit as string)}`];
    await run('mount', ['-t', 'tmpfs', ...size, 'tmpfs', directory]);
  }
  if (group !== undefined) await chown(directory, 0, group);
  await chmod(directory, group === undefined ? 0o777 : 0o2777);
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

/** Takes the pod's volumes away; `hostPath` is not ours and stays. */
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
    const root = volume.hostPath?.path ?? directoryOf(volume, pod, directories);
    const subPath = mount.subPathExpr ? expand(mount.subPathExpr, variables) : mount.subPath;
    mounts.push({
      containerPath: mount.mountPath.startsWith('/') ? mount.mountPath : `/${mount.mountPath}`,
      hostPath: subPath ? await within(root, subPath) : root,
      // What objects hold is never written by a container.
      readonly: mount.readOnly === true || hasPayload(volume),
      propagation: (mount.mountPropagation as Mount['propagation'] | undefined) ?? 'None',
    });
  }
  return mounts;
}

/** The path below the volume's root, links resolved: a link that leads out of the volume is refused. */
async function within(root: string, subPath: string): Promise<string> {
  const realRoot = await realpath(root);
  const path = join(realRoot, subPath);
  const inside = (found: string) => found === realRoot || found.startsWith(`${realRoot}/`);
  if (!inside(path)) throw new BerthError('BadRequest', `subPath ${subPath} leads out of its volume`);
  const found = await realpath(path).catch(() => undefined);
  if (found === undefined) {
    await mkdir(path, { recursive: true, mode: 0o755 });
    return within(root, subPath);
  }
  if (!inside(found)) throw new BerthError('BadRequest', `subPath ${subPath} leads out of its volume`);
  return found;
}

/** An empty file that a container may write its last words to. */
export async function touch(file: string): Promise<void> {
  const handle = await open(file, 'a', 0o666);
  await handle.chmod(0o666);
  await handle.close();
}
