import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BerthError } from '@berth/kube/errors';
import { describe, expect, it } from 'vitest';
import { callControl, serveControl } from './control.ts';
import { sentenceOf, UsageError } from './failure.ts';
import { processStart, requireRunning, runningInstance, writeRecord } from './instance.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { judgeDisk } from './machine.ts';
import { readManifests } from './manifests.ts';
import { createProgress, linesOf } from './progress.ts';

function folder() {
  const path = mkdtempSync(join(tmpdir(), 'berth-unit-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

const main = join(import.meta.dirname, 'main.ts');
const berth = (...args: string[]) => spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });

describe('the command line', () => {
  it('ends with 2 and one sentence for wrong use', () => {
    for (const args of [
      ['up', '--api-port', '70000'],
      ['up', '--runtime', 'docker'],
      ['up', '--api-port', '7000', '--console-port', '7000'],
      ['up', '--nodes', '0'],
      ['up', '--eviction-hard', 'memory.available>1Gi'],
      ['up', '--authentication-config', '/dev/null'],
      ['sail'],
      ['serve'],
    ]) {
      const { status, stderr } = berth(...args);
      expect([args, status]).toEqual([args, 2]);
      expect(stderr).toMatch(/^berth: /);
      expect(stderr).not.toMatch(/ at .*\.ts:/);
    }
  });

  it('takes times from nothing on, and of a node’s silence from a second on', () => {
    const wrong = ['--nodes', '0'];
    const said = (...args: string[]) => berth('up', ...args, ...wrong).stderr;
    for (const option of ['--minimum-image-ttl-duration', '--eviction-pressure-transition-period']) {
      for (const time of ['0s', '0', '500ms', '1m30s'])
        expect(said(option, time), `${option} ${time}`).toMatch('--nodes');
      for (const time of ['', '5', '1x', '-1s']) expect(said(`${option}=${time}`), `${option}=${time}`).toMatch(option);
    }
    expect(said('--node-monitor-grace-period', '0s')).toMatch('a time of at least 1s is wanted');
    expect(said('--node-monitor-grace-period', '1s')).toMatch('--nodes');
    // A process for each of them.
  }, 120_000);

  it('ends with 1 and says what to do when nothing runs', () => {
    using dir = folder();
    for (const command of ['status', 'kubeconfig', 'console', 'logs']) {
      const { status, stdout, stderr } = berth(command, '--data-dir', dir.path);
      expect(status).toBe(1);
      expect(stdout + stderr).toMatch(/"?berth up"?|has not run there/);
    }
  });

  it('refuses a data directory that cannot be written, whoever asks', () => {
    const { status, stderr } = berth('up', '--data-dir', '/proc/berth');
    expect(status).toBe(1);
    expect(stderr).toMatch(/^berth: cannot write to the data directory \/proc\/berth .*choose another with --data-dir/);
  });

  it('says when a disk is so full that nodes take no pods', () => {
    const whole = 100 * 1024 ** 3;
    const judge = (share: number) => judgeDisk({ free: whole * share, whole, dataDir: '/data' });
    expect(judge(0.15)).toEqual({ name: 'disk', state: 'ok', found: '15.0 GiB free for /data' });
    expect(judge(0.12)).toMatchObject({ state: 'warning', found: '12.0 GiB free for /data, 12 %' });
    expect(judge(0.12).remedy).toContain('takes no pods');
    expect(judge(0.01).remedy).toContain('at least 2 GiB is wanted');
  });

  it('does not mind a reader that has had enough', () => {
    const script = `"${process.execPath}" "${main}" doctor --output json | true`;
    expect(spawnSync('sh', ['-c', script], { encoding: 'utf8' }).stderr).toBe('');
  });

  it('has nothing to take down where nothing ever ran', () => {
    using dir = folder();
    expect(berth('down', '--data-dir', join(dir.path, 'never')).status).toBe(0);
  });
});

describe('the record of a running instance', () => {
  const record = { version: '1', consoleUrl: 'https://c', kubeconfig: 'k', controlSocket: 's' };

  it('is believed only while its very process lives', () => {
    using dir = folder();
    expect(runningInstance(dir.path)).toBeUndefined();
    writeRecord(dir.path, { ...record, pid: process.pid, started: processStart(process.pid) ?? '' });
    expect(runningInstance(dir.path)?.pid).toBe(process.pid);
    writeRecord(dir.path, { ...record, pid: process.pid, started: '1' });
    expect(runningInstance(dir.path)).toBeUndefined();
    expect(() => requireRunning(dir.path)).toThrow(/no Berth runs on/);
    writeFileSync(join(dir.path, 'instance.json'), '{"pid": 1');
    expect(runningInstance(dir.path)).toBeUndefined();
  });
});

it('says in one sentence what failed, and hides what it does not know', () => {
  expect(sentenceOf(new BerthError('Conflict', 'taken'))).toBe('taken');
  expect(sentenceOf(new UsageError('wrong'))).toBe('wrong');
  const busy = Object.assign(new Error('listen'), { code: 'EADDRINUSE', port: 80, address: '127.0.0.1' });
  expect(sentenceOf(busy)).toMatch(/port 80 on 127\.0\.0\.1 is in use: .* --api-port/);
  expect(sentenceOf(Object.assign(new Error('write'), { code: 'ENOSPC', path: '/x' }))).toMatch(/disk is full .*\/x/);
});

it('reports steps for people and as JSON lines, and passes errors through', async () => {
  const lines: string[] = [];
  const progress = createProgress('json', (line) => lines.push(line));
  expect(await progress.step('tried', async () => 7)).toBe(7);
  await expect(
    progress.step('failed', async () => {
      throw new Error('no');
    }),
  ).rejects.toThrow('no');
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { event: 'step', name: 'tried', milliseconds: expect.any(Number) },
  ]);
  const ready = linesOf({
    event: 'ready',
    consoleUrl: 'https://c',
    signInLink: 'https://c/#x',
    kubeconfig: '/k',
    milliseconds: 1234,
  });
  expect(ready.join('\n')).toContain('Ready in 1.2 s.');
  expect(ready.join('\n')).not.toContain('undefined');
});

it('keeps the kubeconfig to its owner', () => {
  using dir = folder();
  const file = join(dir.path, 'deep', 'kubeconfig');
  writeKubeconfig(file, { kind: 'Config' });
  writeKubeconfig(file, { kind: 'Config', changed: true });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(file, 'utf8')).toContain('changed: true');
});

it('reads manifests in order and names the file of a broken one', () => {
  using dir = folder();
  writeFileSync(join(dir.path, '20-b.yaml'), 'kind: B\napiVersion: v1\n---\nkind: C\napiVersion: v1\n');
  writeFileSync(join(dir.path, '10-a.yaml'), 'kind: A\napiVersion: v1\n---\n');
  writeFileSync(join(dir.path, 'README.md'), 'not: [yaml');
  expect(readManifests(dir.path).map(({ kind }) => kind)).toEqual(['A', 'B', 'C']);
  writeFileSync(join(dir.path, '30-c.yaml'), 'a: [');
  expect(() => readManifests(dir.path)).toThrow(/30-c\.yaml/);
});

it('answers its owner on the control socket, and passes errors on', async () => {
  using dir = folder();
  const socket = join(dir.path, 'control.sock');
  const imported: string[] = [];
  const server = await serveControl(socket, {
    signInLink: () => 'https://link',
    async importImage(file) {
      if (file === '/bad') throw new BerthError('BadRequest', '/bad is no archive');
      imported.push(file);
    },
  });
  try {
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    expect(await callControl(socket, '/sign-in-link')).toEqual({ link: 'https://link' });
    await callControl(socket, '/images', { file: '/good' });
    expect(imported).toEqual(['/good']);
    await expect(callControl(socket, '/images', { file: '/bad' })).rejects.toThrow('/bad is no archive');
    await expect(callControl(socket, '/nothing')).rejects.toMatchObject({ code: 'NotFound' });
  } finally {
    await server.close();
  }
  await expect(callControl(socket, '/sign-in-link')).rejects.toMatchObject({ code: 'ServiceUnavailable' });
});
