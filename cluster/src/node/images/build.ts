import { createHash } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { pack } from 'tar-stream';
import { epoch, layerTar } from './layer.ts';
import { parseReference } from './reference.ts';
import type { BuildOptions, BuiltImage, ImageConfig, ImageDescription, ImageEntry } from './types.ts';

const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const indexType = 'application/vnd.oci.image.index.v1+json';
const configType = 'application/vnd.oci.image.config.v1+json';
const layerType = 'application/vnd.oci.image.layer.v1.tar';
const block = 512;

interface Blob {
  readonly digest: string;
  readonly size: number;
}

interface Layer extends Blob {
  /** Digest of the uncompressed tar, which is what the config lists. */
  readonly diffId: string;
}

/**
 * Writes an image as an OCI image layout in one tar file: what `ctr images import`, `skopeo copy oci-archive:` and
 * `docker load` read. Needs no network and no other program; the same description gives the same bytes.
 * The file appears under its name only when it is complete.
 * Source: OCI image-spec 1.1, "Image Layout", "Image Manifest", "Image Configuration".
 * @throws BerthError `BadRequest` for a bad reference or entry; the file system's error when a source cannot be read.
 */
export async function buildImage(image: ImageDescription, options: BuildOptions): Promise<BuiltImage> {
  const { tag } = parseReference(image.reference);
  const compression = options.compression ?? 'none';
  const partial = `${options.output}.${process.pid}.partial`;
  const file = await open(partial, 'w');
  try {
    const archive = new Archive(file);
    await archive.addFile('oci-layout', json({ imageLayoutVersion: '1.0.0' }));
    const layers: Layer[] = [];
    for (const entries of image.layers) layers.push(await archive.addLayer(entries, compression));
    const config = await archive.addBlob(json(imageConfig(image, layers)));
    const manifest = await archive.addBlob(
      json({
        schemaVersion: 2,
        mediaType: manifestType,
        config: { mediaType: configType, digest: config.digest, size: config.size },
        layers: layers.map(({ digest, size }) => ({
          mediaType: compression === 'gzip' ? `${layerType}+gzip` : layerType,
          digest,
          size,
        })),
      }),
    );
    await archive.addFile(
      'index.json',
      json({
        schemaVersion: 2,
        mediaType: indexType,
        manifests: [
          {
            mediaType: manifestType,
            digest: manifest.digest,
            size: manifest.size,
            platform: { architecture: image.architecture, os: 'linux' },
            // The first names the image for containerd, the second is the tag within this layout for skopeo.
            annotations: { 'io.containerd.image.name': image.reference, 'org.opencontainers.image.ref.name': tag },
          },
        ],
      }),
    );
    const layerPaths = layers.map(({ digest }) => blobPath(digest));
    await archive.addFile(
      'manifest.json',
      json([{ Config: blobPath(config.digest), RepoTags: [image.reference], Layers: layerPaths }]),
    );
    await archive.end();
    await file.close();
    await rename(partial, options.output);
    return {
      reference: image.reference,
      path: options.output,
      manifestDigest: manifest.digest,
      configDigest: config.digest,
    };
  } catch (error) {
    await file.close();
    await rm(partial, { force: true });
    throw error;
  }
}

/** The archive as it grows. Blobs that are there already are not written again. */
class Archive {
  readonly #file: FileHandle;
  readonly #written = new Map<string, number>();
  #position = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async addFile(name: string, content: Uint8Array): Promise<void> {
    await this.#append(await tarHeader(name, content.length));
    await this.#append(content);
    await this.#pad();
  }

  async addBlob(content: Uint8Array): Promise<Blob> {
    const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
    if (!this.#written.has(digest)) await this.addFile(blobPath(digest), content);
    this.#written.set(digest, content.length);
    return { digest, size: content.length };
  }

  /** A layer's name is its digest, known only at its end: room is left for the header, which is filled in after. */
  async addLayer(entries: readonly ImageEntry[], compression: 'none' | 'gzip'): Promise<Layer> {
    const start = this.#position;
    this.#position += block;
    const diff = createHash('sha256');
    const stored = createHash('sha256');
    const source = Readable.from(hashed(layerTar(entries), diff), { objectMode: false });
    const blob = compression === 'gzip' ? source.pipe(createGzip({ level: 6 })) : source;
    source.on('error', (error) => blob.destroy(error));
    for await (const chunk of blob as AsyncIterable<Uint8Array>) {
      if (compression === 'gzip') stored.update(chunk);
      await this.#append(chunk);
    }
    const size = this.#position - start - block;
    const diffId = `sha256:${diff.digest('hex')}`;
    const digest = compression === 'gzip' ? `sha256:${stored.digest('hex')}` : diffId;
    if (this.#written.has(digest)) {
      this.#position = start;
      return { digest, size, diffId };
    }
    this.#written.set(digest, size);
    await this.#file.write(await tarHeader(blobPath(digest), size), 0, block, start);
    await this.#pad();
    return { digest, size, diffId };
  }

  async end(): Promise<void> {
    await this.#append(new Uint8Array(2 * block));
    await this.#file.truncate(this.#position);
  }

  async #append(content: Uint8Array): Promise<void> {
    let offset = 0;
    while (offset < content.length) {
      const { bytesWritten } = await this.#file.write(content, offset, content.length - offset, this.#position);
      offset += bytesWritten;
      this.#position += bytesWritten;
    }
  }

  async #pad(): Promise<void> {
    const rest = this.#position % block;
    if (rest > 0) await this.#append(new Uint8Array(block - rest));
  }
}

async function* hashed(source: AsyncIterable<Uint8Array>, hash: ReturnType<typeof createHash>) {
  for await (const chunk of source) {
    hash.update(chunk);
    yield chunk;
  }
}

async function tarHeader(name: string, size: number): Promise<Uint8Array> {
  const tar = pack();
  tar.entry({ name, size, mode: 0o644, mtime: epoch });
  for await (const chunk of tar) return chunk as Uint8Array;
  throw new Error('tar-stream gave no header');
}

function imageConfig(image: ImageDescription, layers: readonly Layer[]): unknown {
  const created = epoch.toISOString();
  return {
    created,
    architecture: image.architecture,
    os: 'linux',
    config: runtimeConfig(image.config ?? {}),
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.diffId) },
    history: layers.map(() => ({ created, created_by: 'berth' })),
  };
}

function runtimeConfig(config: ImageConfig): Record<string, unknown> {
  const { user, exposedPorts, env, entrypoint, cmd, workingDir, labels } = config;
  return {
    ...(user !== undefined && { User: user }),
    ...(exposedPorts !== undefined && { ExposedPorts: Object.fromEntries(exposedPorts.map((port) => [port, {}])) }),
    ...(env !== undefined && { Env: Object.entries(env).map(([name, value]) => `${name}=${value}`) }),
    ...(entrypoint !== undefined && { Entrypoint: entrypoint }),
    ...(cmd !== undefined && { Cmd: cmd }),
    ...(workingDir !== undefined && { WorkingDir: workingDir }),
    ...(labels !== undefined && { Labels: labels }),
  };
}

function blobPath(digest: string): string {
  return `blobs/sha256/${digest.slice('sha256:'.length)}`;
}

function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value));
}
