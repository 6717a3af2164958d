import { join } from 'node:path';
import type { Pod, Volume } from '@berth/kube/objects';

export interface VolumeDirectories {
  /** Holds a directory for each pod, by uid; survives a reboot. */
  pods: string;
  /** The same for what should not lie on a disk (secrets, tokens). */
  secrets: string;
}

/** Where a volume of a pod lies, or a link to it. */
export const directoryOf = (volume: Volume, pod: Pod, directories: VolumeDirectories): string => {
  const base = volume.secret || volume.projected ? directories.secrets : directories.pods;
  return join(base, pod.metadata.uid ?? '', 'volumes', volume.name);
};
