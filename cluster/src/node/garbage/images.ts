import { BerthError } from '@berth/kube/errors';
import type { Runtime } from '../runtime/types.ts';
import type { FilesystemUse } from '../stats/index.ts';
import {
  bytesToFree,
  type ImageGarbageSettings,
  type ImageRecord,
  readableSize,
  recordImages,
  removableImages,
} from './choose.ts';

interface ImageGarbageParts {
  runtime: Pick<Runtime, 'listImages' | 'listContainers' | 'removeImage'>;
  settings: ImageGarbageSettings;
  /** The file system that holds the images. */
  filesystem(): Promise<FilesystemUse | undefined>;
  /** Names of images that the node cannot do without, beside those that the runtime has pinned. */
  needed: readonly string[];
  /** Told which images there are, and when that was looked up. Must not reject: nothing would be removed. */
  seen?(ids: readonly string[], at: number): Promise<void>;
  /** Says of the node what is wrong. */
  warn(reason: string, message: string): void;
  now(): number;
}

interface ImageGarbage {
  /** Takes note of which images are in use. */
  look(): Promise<void>;
  /** Removes images when the file system is too full. Rejects when that was not enough. */
  collect(): Promise<void>;
  /** Removes every image that nobody uses and that is old enough. */
  removeUnused(): Promise<void>;
}

/** As kubelet's image garbage collector. Source: "Garbage Collection" of the Kubernetes documentation. */
export function createImageGarbage(parts: ImageGarbageParts): ImageGarbage {
  const { runtime, settings, now } = parts;
  let records: ImageRecord[] = [];

  async function look(at: number): Promise<ReadonlySet<string>> {
    const [images, containers] = await Promise.all([runtime.listImages(), runtime.listContainers()]);
    const inUse = new Set(containers.map(({ imageId }) => imageId));
    const named = images.map((image) => {
      return image.tags.some((tag) => parts.needed.includes(tag)) ? { ...image, pinned: true } : image;
    });
    await parts.seen?.(
      images.map(({ id }) => id),
      at,
    );
    records = recordImages(records, named, { inUse, now: at });
    return inUse;
  }

  /** Answers how many bytes went. Rejects after all were tried when some could not be removed. */
  async function free(bytes: number): Promise<number> {
    const at = now();
    const inUse = await look(at);
    let freed = 0;
    const failures: unknown[] = [];
    for (const { id, size } of removableImages(records, { inUse, now: at, minimumAge: settings.minimumAge })) {
      try {
        await runtime.removeImage(id);
        records = records.filter((record) => record.id !== id);
        freed += size;
        if (freed >= bytes) break;
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) {
      const reasons = failures.map((error) => (error instanceof Error ? error.message : String(error)));
      const wanted = Number.isFinite(bytes) ? `${bytes} bytes` : 'all that is unused';
      const message = `wanted to free ${wanted}, but freed ${freed} bytes space with errors in image deletion: ${reasons.join(', ')}`;
      throw new BerthError('InternalError', message, { cause: failures[0] });
    }
    return freed;
  }

  return {
    look: async () => void (await look(now())),
    removeUnused: async () => void (await free(Number.POSITIVE_INFINITY)),
    async collect() {
      const filesystem = await parts.filesystem();
      if (!filesystem) return;
      if (filesystem.capacityBytes === 0) {
        const message = 'invalid capacity 0 on image filesystem';
        parts.warn('InvalidDiskCapacity', message);
        throw new BerthError('InternalError', message);
      }
      const { usedPercent, bytes } = bytesToFree(filesystem, settings);
      if (bytes === undefined) return void (await look(now()));
      const freed = await free(bytes);
      if (freed >= bytes) return;
      const used = `${usedPercent}% of ${readableSize(filesystem.capacityBytes)} used`;
      const message =
        `Insufficient free disk space on the node's image filesystem (${used}). ` +
        `Failed to free sufficient space by deleting unused images (freed ${freed} bytes). ` +
        'Investigate disk usage, as it could be used by active images, logs, volumes, or other data.';
      parts.warn('FreeDiskSpaceFailed', message);
      throw new BerthError('InternalError', message);
    },
  };
}
