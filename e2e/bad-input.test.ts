import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Berth, startBerth, until } from './harness/index.ts';

/** What a user or a machine gets wrong, and the answer that helps. A simulated node is enough: the API answers. */
describe('manifests', () => {
  let berth: Berth;
  beforeAll(async () => {
    berth = await startBerth({ args: ['--runtime', 'simulated'] });
  });
  afterAll(() => berth?.[Symbol.asyncDispose]());

  const apply = (manifest: unknown, ...more: string[]) =>
    berth.tryKubectl(['apply', '-f', '-', ...more], typeof manifest === 'string' ? manifest : JSON.stringify(manifest));

  it('names every field that is wrong', async () => {
    const { status, stderr } = await apply({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'Bad_Name' },
      spec: {
        selector: { matchLabels: { app: 'x' } },
        template: { metadata: { labels: { app: 'y' } }, spec: { containers: [{ name: 'c' }] } },
      },
    });
    expect(status).toBe(1);
    expect(stderr).toContain('The Deployment "Bad_Name" is invalid');
    expect(stderr).toContain('* metadata.name: Invalid value: "Bad_Name"');
    expect(stderr).toContain('* spec.template.metadata.labels: Invalid value');
    expect(stderr).toContain('* spec.template.spec.containers[0].image: Required value');
  });

  it('refuses a wrong type and says which field', async () => {
    const wrong = `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{"replicas":"three"}}`;
    const { status, stderr } = await apply(wrong, '--validate=false');
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /BadRequest|cannot unmarshal string into Go struct field DeploymentSpec\.spec\.replicas of type int32/,
    );
  });

  it('tells of unknown fields instead of dropping them in silence', async () => {
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, dta: { a: 'b' } };
    const strict = await apply(object);
    expect(strict.status).toBe(1);
    expect(strict.stderr).toContain('unknown field "dta"');
    const warned = await apply(object, '--validate=warn');
    expect(warned).toMatchObject({ status: 0, stdout: 'configmap/c created\n' });
    expect(warned.stderr).toContain('unknown field "dta"');
  });

  it('says what it does not know', async () => {
    expect((await berth.tryKubectl(['get', 'unicorns'])).stderr).toContain(
      'the server doesn\'t have a resource type "unicorns"',
    );
    expect((await berth.tryKubectl(['get', 'pod', 'nobody'])).stderr).toBe(
      'Error from server (NotFound): pods "nobody" not found\n',
    );
    const created = await berth.tryKubectl(['create', '-n', 'nowhere', 'configmap', 'c']);
    expect(created.stderr).toContain('namespaces "nowhere" not found');
  });
});

it('keeps what was acknowledged when the disk is full, and takes writes again when there is room', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-full-'));
  expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', folder]).status).toBe(0);
  try {
    await using berth = await startBerth({ dataDir: join(folder, 'data'), args: ['--runtime', 'simulated'] });
    const fill = join(folder, 'ballast');
    fillUp(fill);
    const kept: string[] = [];
    const refused = await until('a write to be refused', async () => {
      const name = `m${kept.length}`;
      const { status, stderr } = await berth.tryKubectl([
        'create',
        'configmap',
        name,
        `--from-literal=k=${'v'.repeat(100_000)}`,
      ]);
      if (status !== 0) return stderr;
      kept.push(`configmap/${name}`);
      return undefined;
    });
    expect(refused).toMatch(/no room left to write .*: make room, then try again/);
    const present = async () =>
      (await berth.kubectl('get', 'configmaps', '-n', 'default', '-o', 'name')).trim().split('\n');
    expect(await present()).toEqual(expect.arrayContaining(kept));
    rmSync(fill);
    await until(
      'a write to succeed again',
      async () => (await berth.tryKubectl(['create', 'configmap', 'after'])).status === 0,
    );
    berth.process.kill('SIGKILL');
    await berth.restart();
    expect(await present()).toEqual(expect.arrayContaining([...kept, 'configmap/after']));
  } finally {
    // Lazily: a failed test may have left a process with its directory there.
    spawnSync('umount', ['-l', folder]);
    rmSync(folder, { recursive: true, force: true });
  }
});

it('refuses to start on a damaged store, and names the file', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'berth-damaged-'));
  try {
    {
      const berth = await startBerth({ dataDir, args: ['--runtime', 'simulated'] });
      await berth.kubectl('create', 'configmap', 'precious');
      expect((await berth.berth('down')).status).toBe(0);
    }
    const store = join(dataDir, 'store');
    const files = readdirSync(store).map((name) => join(store, name));
    const [largest = ''] = files.sort((a, b) => statSync(b).size - statSync(a).size);
    const file = openSync(largest, 'r+');
    writeSync(file, Buffer.alloc(Math.max(4096, statSync(largest).size - 4096), 0x5a), 0, undefined, 4096);
    await expect(startBerth({ dataDir, args: ['--runtime', 'simulated'] })).rejects.toThrow(largest);
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
});

/** Takes all the room that there is. */
function fillUp(path: string): void {
  const block = Buffer.alloc(256 * 1024);
  const file = openSync(path, 'w');
  try {
    for (;;) writeSync(file, block);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    closeSync(file);
  }
}
