import { readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Berth, startBerth } from './harness/index.ts';

/** As an operator sees to it: what is on the disk, the key, and what `berth secrets` says. */
describe('Secrets at rest', () => {
  let berth: Berth;
  const marker = 'a-word-that-is-nowhere-else';
  const own = () => join(berth.dataDir, 'encryption.json');

  beforeAll(async () => {
    berth = await startBerth({ args: ['--runtime', 'simulated'] });
  });
  afterAll(() => berth?.[Symbol.asyncDispose]());

  /** Files of the data directory that hold the marker, as it is or as a Secret shows it. */
  const filesWith = () => {
    const forms = [marker, Buffer.from(marker).toString('base64').slice(0, -4)];
    return readdirSync(berth.dataDir, { recursive: true, encoding: 'utf8' })
      .map((name) => join(berth.dataDir, name))
      .filter((file) => statSync(file).isFile() && forms.some((form) => readFileSync(file).includes(form)));
  };
  const stop = () =>
    new Promise<void>((resolve) => {
      berth.process.on('exit', () => resolve());
      berth.process.kill('SIGTERM');
    });
  const secrets = async (...args: string[]) => {
    const { status, stdout, stderr } = await berth.berth('secrets', ...args);
    return { status, said: stdout || stderr };
  };
  const content = async () => {
    const encoded = await berth.kubectl('get', 'secret', 'one', '-o', 'jsonpath={.data.word}');
    return Buffer.from(encoded, 'base64').toString();
  };

  it('are nowhere on the disk in plain, while they are written and after a stop', async () => {
    await berth.kubectl('create', 'secret', 'generic', 'one', `--from-literal=word=${marker}`);
    await berth.kubectl('create', 'secret', 'generic', 'two', `--from-literal=word=${marker}`);
    await berth.kubectl('annotate', 'secret', 'one', `note=${marker}`);
    await berth.kubectl('delete', 'secret', 'two');
    expect(filesWith()).toEqual([]);
    await stop();
    expect(filesWith()).toEqual([]);
    expect(statSync(own()).mode & 0o777).toBe(0o600);
    await berth.restart();
    expect(await content()).toBe(marker);
  });

  it('go under a new key when that is asked for, and are counted by key', async () => {
    const before = await secrets('status');
    const former = /aesgcm:v1:(berth-\S+) +1 +writes/.exec(before.said)?.[1] ?? '';
    expect(before).toMatchObject({ status: 0, said: expect.stringContaining(own()) });
    expect(former).not.toBe('');
    const rotated = await secrets('rotate');
    expect(rotated).toMatchObject({
      status: 0,
      said: expect.stringMatching(/new key berth-\S+; 1 value was rewritten/),
    });
    expect(readFileSync(own(), 'utf8')).not.toContain(former);
    expect((await secrets('status')).said).not.toContain(former);
    expect(await content()).toBe(marker);
    await stop();
    await berth.restart();
    expect(await content()).toBe(marker);
  });

  it('keep a cluster without its key from starting, and are there again with the key', async () => {
    await stop();
    renameSync(own(), `${own()}.away`);
    const fault = /1 value of secrets is encrypted under the key aesgcm:v1:berth-.*encryption\.json.*backup/;
    await expect(berth.restart()).rejects.toThrow(fault);
    expect(readdirSync(berth.dataDir)).not.toContain('encryption.json');
    renameSync(`${own()}.away`, own());
    await berth.restart();
    expect(await content()).toBe(marker);
  });

  it("are kept as Kubernetes' own configuration says, and other kinds with them", async () => {
    await stop();
    const file = join(berth.dataDir, 'configuration.yaml');
    const key = (name: string) => `{name: ${name}, secret: ${Buffer.alloc(32, name).toString('base64')}}`;
    const configure = (...keys: string[]) =>
      writeFileSync(
        file,
        [
          'apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:',
          `- resources: [secrets, configmaps]\n  providers:\n  - secretbox: {keys: [${keys.map(key).join(', ')}]}\n  - identity: {}\n`,
        ].join('\n'),
      );
    configure('one');
    const ports = berth.ports;
    const { dataDir } = berth;
    const configured = await startBerth({
      dataDir,
      ports,
      args: ['--runtime', 'simulated', '--encryption-provider-config', file],
    });
    try {
      expect(await content()).toBe(marker);
      await berth.kubectl('create', 'configmap', 'map', `--from-literal=word=${marker}`);
      expect(await secrets('rotate')).toMatchObject({
        status: 1,
        said: expect.stringContaining('berth secrets rewrite'),
      });
      expect((await secrets('rewrite')).said).toMatch(/^\d+ values were rewritten/);
      expect((await secrets('status')).said).toMatch(
        /configmaps +secretbox:v1:one +\d+ +writes\nsecrets +secretbox:v1:one +1 +writes/,
      );
      expect(filesWith()).toEqual([]);
      const ready = await berth.kubectl('get', '--raw', '/readyz/kms-providers?verbose');
      expect(ready).toContain('[+]kms-providers ok');
    } finally {
      const gone = new Promise((resolve) => configured.process.on('exit', resolve));
      configured.process.kill('SIGTERM');
      await gone;
    }
    // Without the file, as above.
    await expect(berth.restart()).rejects.toThrow(/secretbox:v1:one.*--encryption-provider-config/);
  });
});
