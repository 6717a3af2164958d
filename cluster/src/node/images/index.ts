export { buildImage } from './build.ts';
export { directoryEntries } from './entries.ts';
export { pauseImage, pauseReference } from './pause/image.ts';
export { type ImageReference, parseReference } from './reference.ts';
export { nonroot } from './rootfs/accounts.ts';
export { busyboxImage, busyboxReference } from './rootfs/busybox.ts';
export { libraryEntries } from './rootfs/libraries.ts';
export { nodeRootfs } from './rootfs/node.ts';
export type {
  Architecture,
  BuildOptions,
  BuiltImage,
  ImageConfig,
  ImageDescription,
  ImageEntry,
} from './types.ts';
