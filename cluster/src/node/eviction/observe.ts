import { stat } from 'node:fs/promises';
import type { Runtime } from '../runtime/types.ts';
import { type FilesystemUse, filesystemOf, machineUsage, processesOfMachine } from '../stats/index.ts';
import type { Observations } from './signals.ts';

/** Where a node's things lie, and how much memory it has. */
interface Places {
  /** On the disk of logs and volumes. */
  directory: string;
  runtime: Pick<Runtime, 'imageFilesystem'>;
  memoryBytes: number;
  now(): number;
}

/** How much there is now of all that may run short. */
export async function observeNode(places: Places): Promise<Observations> {
  const [{ workingSetBytes }, own, images, processes] = await Promise.all([
    machineUsage(places.now()),
    filesystemOf(places.directory),
    imageFilesystem(places),
    processesOfMachine(),
  ]);
  const { memoryBytes } = places;
  return {
    'memory.available': { available: Math.max(0, memoryBytes - workingSetBytes), capacity: memoryBytes },
    ...(own ? { 'nodefs.available': bytesOf(own) } : {}),
    ...(images ? { 'imagefs.available': bytesOf(images) } : {}),
    // Some file systems count no files.
    ...(own && own.inodes > 0 ? { 'nodefs.inodesFree': filesOf(own) } : {}),
    ...(images && images.inodes > 0 ? { 'imagefs.inodesFree': filesOf(images) } : {}),
    ...(processes
      ? { 'pid.available': { available: processes.most - processes.running, capacity: processes.most } }
      : {}),
  };
}

const bytesOf = ({ availableBytes, capacityBytes }: FilesystemUse) => {
  return { available: availableBytes, capacity: capacityBytes };
};
const filesOf = ({ inodesFree, inodes }: FilesystemUse) => ({ available: inodesFree, capacity: inodes });

/** The file system that holds images; the node's own where the runtime has none, or one that is not here. */
export async function imageFilesystem({ directory, runtime }: Places): Promise<FilesystemUse | undefined> {
  const path = await runtime.imageFilesystem();
  const apart = path === undefined ? undefined : await filesystemOf(path);
  return apart ?? (await filesystemOf(directory));
}

/** Whether images and writable layers have a file system of their own. */
export async function isApart({ directory, runtime }: Places): Promise<boolean> {
  const path = await runtime.imageFilesystem();
  if (path === undefined) return false;
  // A runtime of somebody else's may tell a path that is none here.
  const [own, images] = await Promise.all([stat(directory), stat(path).catch(() => undefined)]);
  return images !== undefined && own.dev !== images.dev;
}
