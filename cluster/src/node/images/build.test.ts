import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { extract } from 'tar-stream';
import { describe, expect, test } from 'vitest';
import { buildImage, directoryEntries, type ImageDescription, type ImageEntry } from './index.ts';

async function temporaryDirectory() {
  const path = await mkdtemp(join(tmpdir(), 'berth-images-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

interface Item {
  name: string;
  type: string | null | undefined;
  mode: number | undefined;
  uid: number | undefined;
  mtime: number | undefined;
  linkname: string | null | undefined;
  content: Buffer;
}

async function untar(source: NodeJS.ReadableStream | Uint8Array): Promise<Item[]> {
  const items: Item[] = [];
  const tar = extract();
  if (source instanceof Uint8Array) tar.end(source);
  else source.pipe(tar);
  for await (const entry of tar) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    const { name, type, mode, uid, mtime, linkname } = entry.header;
    items.push({ name, type, mode, uid, mtime: mtime?.getTime(), linkname, content: Buffer.concat(chunks) });
  }
  return items;
}

const sha256 = (content: Uint8Array) => `sha256:${createHash('sha256').update(content).digest('hex')}`;

async function readArchive(path: string) {
  const files = new Map((await untar(createReadStream(path))).map(({ name, content }) => [name, content]));
  const json = (name: string) => JSON.parse(files.get(name)?.toString() ?? 'null');
  const blob = (digest: string) => files.get(`blobs/sha256/${digest.slice(7)}`) ?? Buffer.alloc(0);
  const index = json('index.json');
  const manifest = JSON.parse(blob(index.manifests[0].digest).toString());
  const config = JSON.parse(blob(manifest.config.digest).toString());
  return { files, index, manifest, config, docker: json('manifest.json'), blob };
}

const image = (entries: ImageEntry[], more: Partial<ImageDescription> = {}): ImageDescription => ({
  reference: 'berth.local/test:1',
  architecture: 'amd64',
  layers: [entries],
  ...more,
});
const hello: ImageEntry = { type: 'file', path: '/app/hello.txt', content: 'hello' };

describe('an image archive', () => {
  test.each(['none', 'gzip'] as const)(
    'is an OCI layout whose digests are those of its blobs (%s)',
    async (compression) => {
      await using directory = await temporaryDirectory();
      const output = join(directory.path, 'image.tar');
      const built = await buildImage(image([hello], { layers: [[hello], [{ ...hello, path: '/other' }]] }), {
        output,
        compression,
      });
      const { files, index, manifest, config, docker, blob } = await readArchive(output);
      for (const [name, content] of files) {
        if (name.startsWith('blobs/')) expect(`sha256:${name.split('/')[2]}`).toBe(sha256(content));
      }
      expect(index.manifests[0].digest).toBe(built.manifestDigest);
      expect(manifest.config.digest).toBe(built.configDigest);
      expect(index.manifests[0].annotations).toEqual({
        'io.containerd.image.name': 'berth.local/test:1',
        'org.opencontainers.image.ref.name': '1',
      });
      const layers = manifest.layers.map((layer: { digest: string; size: number }) => {
        expect(blob(layer.digest).length).toBe(layer.size);
        return compression === 'gzip' ? gunzipSync(blob(layer.digest)) : blob(layer.digest);
      });
      expect(config.rootfs.diff_ids).toEqual(layers.map(sha256));
      expect((await untar(layers[0])).map(({ name }) => name)).toEqual(['app/', 'app/hello.txt']);
      expect(docker[0].RepoTags).toEqual(['berth.local/test:1']);
      expect(docker[0].Layers.every((name: string) => files.has(name))).toBe(true);
    },
  );

  test('is the same, byte for byte, whatever the order of the entries', async () => {
    await using directory = await temporaryDirectory();
    const entryName = fc.stringMatching(/^[a-z-]{1,6}(\.[a-z]{1,3})?$/);
    const names = fc.uniqueArray(entryName, { minLength: 2, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(names, async (paths) => {
        const entries = paths.map((path): ImageEntry => ({ type: 'file', path: `/d/${path}`, content: path }));
        const [a, b] = ['a.tar', 'b.tar'].map((name) => join(directory.path, name)) as [string, string];
        await buildImage(image(entries), { output: a });
        await buildImage(image(entries.toReversed()), { output: b });
        expect((await readFile(a)).equals(await readFile(b))).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  test('keeps owner, mode, links and the configuration', async () => {
    await using directory = await temporaryDirectory();
    const output = join(directory.path, 'image.tar');
    const entries: ImageEntry[] = [
      { type: 'file', path: '/bin/tool', mode: 0o755, uid: 7, content: new Uint8Array([1, 2]) },
      { type: 'file', path: '/empty', content: '' },
      { type: 'symlink', path: '/bin/alias', target: 'tool' },
      { type: 'directory', path: '/tmp', mode: 0o1777 },
      { type: 'file', path: `/${'deep/'.repeat(40)}file`, content: 'long path' },
    ];
    const config = {
      entrypoint: ['/bin/tool'],
      cmd: ['--help'],
      env: { A: '1=2' },
      user: '65532:65532',
      workingDir: '/tmp',
      exposedPorts: ['80/tcp'],
      labels: { a: 'b' },
    };
    await buildImage(image(entries, { config }), { output });
    const archive = await readArchive(output);
    expect(archive.config.config).toEqual({
      Entrypoint: ['/bin/tool'],
      Cmd: ['--help'],
      Env: ['A=1=2'],
      User: '65532:65532',
      WorkingDir: '/tmp',
      ExposedPorts: { '80/tcp': {} },
      Labels: { a: 'b' },
    });
    const items = await untar(archive.blob(archive.manifest.layers[0].digest));
    const named = (name: string) => items.find((item) => item.name === name);
    expect(named('bin/tool')).toMatchObject({ mode: 0o755, uid: 7, mtime: 0, content: Buffer.from([1, 2]) });
    expect(named('bin/alias')).toMatchObject({ type: 'symlink', linkname: 'tool' });
    expect(named('tmp/')).toMatchObject({ type: 'directory', mode: 0o1777 });
    expect(named(`${'deep/'.repeat(40)}file`)?.content.toString()).toBe('long path');
    expect(named('empty')?.content.length).toBe(0);
  });

  test('takes a directory of this machine, whatever its times and umask', async () => {
    await using directory = await temporaryDirectory();
    const source = join(directory.path, 'source');
    await mkdir(join(source, 'sub'), { recursive: true });
    await writeFile(join(source, 'sub', 'run.sh'), '#!/bin/sh\n', { mode: 0o700 });
    await writeFile(join(source, 'text'), 'x', { mode: 0o600 });
    await symlink('text', join(source, 'link'));
    const build = async (name: string) =>
      buildImage(image(await directoryEntries(source, '/app/')), { output: join(directory.path, name) });
    const first = await build('1.tar');
    await utimes(join(source, 'text'), 5, 5);
    expect((await build('2.tar')).manifestDigest).toBe(first.manifestDigest);
    const { blob, manifest } = await readArchive(first.path);
    const items = await untar(blob(manifest.layers[0].digest));
    expect(items.map(({ name, mode }) => `${name} ${mode?.toString(8)}`)).toEqual([
      'app/ 755',
      'app/link 777',
      'app/sub/ 755',
      'app/sub/run.sh 755',
      'app/text 644',
    ]);
  });

  test('stores equal layers once', async () => {
    await using directory = await temporaryDirectory();
    const output = join(directory.path, 'image.tar');
    await buildImage(image([], { layers: [[hello], [hello]] }), { output });
    const names = (await untar(createReadStream(output))).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect((await readArchive(output)).manifest.layers).toHaveLength(2);
  });
});

describe('what cannot be an image', () => {
  test.each<[string, ImageEntry[], RegExp]>([
    ['two entries for a path', [hello, { ...hello, path: '//app/./hello.txt' }], /two entries for \/app\/hello.txt/],
    ['a file as a directory', [hello, { ...hello, path: '/app/hello.txt/x' }], /not a directory/],
    ['a way out', [{ ...hello, path: '/../etc/passwd' }], /no absolute path/],
    ['a relative path', [{ ...hello, path: 'etc/passwd' }], /no absolute path/],
  ])('%s is refused and leaves no file', async (_, entries, message) => {
    await using directory = await temporaryDirectory();
    const building = buildImage(image(entries), { output: join(directory.path, 'image.tar') });
    await expect(building).rejects.toThrow(message);
    expect(await readdir(directory.path)).toEqual([]);
  });

  test('a source that is gone fails and leaves the earlier archive as it was', async () => {
    await using directory = await temporaryDirectory();
    const output = join(directory.path, 'image.tar');
    await writeFile(output, 'earlier');
    const gone: ImageEntry = { type: 'file', path: '/x', content: { source: join(directory.path, 'nowhere') } };
    for (const compression of ['none', 'gzip'] as const) {
      await expect(buildImage(image([gone]), { output, compression })).rejects.toThrow(/ENOENT/);
    }
    expect(await readdir(directory.path)).toEqual(['image.tar']);
    expect(await readFile(output, 'utf8')).toBe('earlier');
  });
});
