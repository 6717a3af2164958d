import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Berth, loadImage, startBerth, until, webArchive } from './harness/index.ts';

/** All that Berth keeps is on a disk of a few megabytes, which somebody else fills. */
describe('a full disk', () => {
  const disk = mkdtempSync(join(tmpdir(), 'berth-disk-'));
  const ballast = join(disk, 'ballast');
  const acknowledged: string[] = [];
  const refused: string[] = [];
  let berth: Berth;
  let url: string;

  beforeAll(async () => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=96m', 'tmpfs', disk]);
    // A node that makes room would spoil it.
    const args = ['--eviction-hard', 'memory.available<100Mi', '--image-gc-high-threshold', '100'];
    berth = await startBerth({ dataDir: join(disk, 'data'), args });
    await loadImage(berth, () => webArchive('berth.local/web:1', '1'));
    await berth.kubectl('create', 'deployment', 'web', '--image=berth.local/web:1', '--replicas=2', '--port=80');
    await berth.kubectl('expose', 'deployment', 'web', '--type=NodePort');
    await berth.kubectl('rollout', 'status', 'deployment/web', '--timeout=90s');
    const port = await berth.kubectl('get', 'service', 'web', '-o', 'jsonpath={.spec.ports[0].nodePort}');
    url = `http://127.0.0.1:${port}/`;
    await until('the service to answer', async () => (await fetch(url)).ok);
  });
  afterAll(async () => {
    try {
      await berth?.[Symbol.asyncDispose]();
    } finally {
      execFileSync('umount', ['--lazy', disk]);
      rmSync(disk, { recursive: true });
    }
  });

  const fill = () => {
    const page = Buffer.alloc(statfsSync(disk).bsize);
    const file = openSync(ballast, 'a');
    try {
      while (true) writeSync(file, page);
    } catch (error) {
      expect(error).toMatchObject({ code: 'ENOSPC' });
    } finally {
      closeSync(file);
    }
  };
  const content = 'x'.repeat(50_000);
  /** Writes an object; what the API server said decides on which list it is. */
  const write = async (name: string) => {
    const manifest = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { content } };
    const { status, stderr } = await berth.tryKubectl(['create', '-f', '-'], JSON.stringify(manifest));
    (status === 0 ? acknowledged : refused).push(name);
    return stderr;
  };
  const names = async () =>
    (await berth.kubectl('get', 'configmaps', '-o', 'jsonpath={.items[*].metadata.name}')).split(' ');
  const containers = () =>
    berth.kubectl('get', 'pods', '-o', 'jsonpath={.items[*].status.containerStatuses[*].containerID}');
  const readyNodes = async () => (await berth.kubectl('get', 'nodes')).match(/ Ready /g)?.length;

  it('fails writes in a clear sentence, and nothing else', async () => {
    const before = await containers();
    for (let number = 0; number < 5; number += 1) await write(`early-${number}`);
    expect(acknowledged).toHaveLength(5);
    fill();
    await until('a write to fail', async () => {
      const said = await write(`full-${refused.length + acknowledged.length}`);
      return said.includes('no room left to write');
    });
    const said = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => write(`full-${name}`)));
    for (const one of said) {
      expect(one).toMatch(/^Error from server .*: no room left to write \S+store\.mdb: make room, then try again\n$/);
    }
    // Deletions are tried: there may be pages left for them in the file.
    const deleted = await berth.tryKubectl(['delete', 'configmap', 'early-0']);
    if (deleted.status === 0) acknowledged.splice(acknowledged.indexOf('early-0'), 1);
    else expect(deleted.stderr).toContain('no room left to write');
    expect((await names()).sort()).toEqual(['kube-root-ca.crt', ...acknowledged].sort());
    expect(await (await fetch(url)).text()).toBe('1\n');
    expect(await containers()).toBe(before);
  });

  it('is told by a start, and stops no container', async () => {
    berth.process.kill('SIGKILL');
    await expect(berth.restart()).rejects.toThrow(/berth: .*(no room left|the disk is full).*: make room, then/);
    expect(await (await fetch(url)).text()).toBe('1\n');
  });

  it('has lost nothing that was acknowledged when there is room again, and kept nothing that was refused', async () => {
    rmSync(ballast);
    await berth.restart();
    await until('the node to be ready', async () => (await readyNodes()) === 1);
    expect((await names()).sort()).toEqual(['kube-root-ca.crt', ...acknowledged].sort());
    expect(refused.length).toBeGreaterThan(5);
    expect(await write('late')).toBe('');
    await berth.kubectl('wait', '--for=condition=Ready', 'pod', '--all', '--timeout=60s');
    const restarts = 'jsonpath={.items[*].status.containerStatuses[*].restartCount}';
    expect(await berth.kubectl('get', 'pods', '-o', restarts)).toBe('0 0');
  });

  it('goes by without a restart as well', async () => {
    fill();
    await until('a write to fail', async () =>
      (await write(`again-${refused.length + acknowledged.length}`)).includes('no room left to write'),
    );
    rmSync(ballast);
    expect(await write('last')).toBe('');
    await berth.kubectl('scale', 'deployment/web', '--replicas=3');
    await berth.kubectl('rollout', 'status', 'deployment/web', '--timeout=60s');
    expect((await names()).sort()).toEqual(['kube-root-ca.crt', ...acknowledged].sort());
  });

  it('leaves an audit log that is whole but for what it says itself', async () => {
    const { status, stdout } = await berth.berth('audit', 'verify');
    expect([status, stdout]).toEqual([0, expect.stringContaining('none is missing')]);
  });
});
