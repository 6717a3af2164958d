import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { resources } from '@berth/kube/objects';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../store/temporary.ts';
import { contentOf, filesWith, placesIn, secret } from '../testing.ts';
import { startAtRest } from '../testing-server.ts';
import type { Behaviour } from './plugin.ts';

/** A plugin in a process of its own. */
class Plugin implements AsyncDisposable {
  readonly #socket: string;
  #child: ChildProcess | undefined;
  #output = '';

  constructor(socket: string) {
    this.#socket = socket;
  }

  async start(behaviour: Behaviour = {}): Promise<void> {
    rmSync(this.#socket, { force: true });
    const script = fileURLToPath(new URL('./plugin.ts', import.meta.url));
    this.#child = spawn(process.execPath, [script, this.#socket, JSON.stringify(behaviour)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#output = '';
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      this.#output += chunk.toString();
    });
    await expect.poll(() => this.#output).toContain('serving');
  }

  async behave(behaviour: Behaviour): Promise<void> {
    const acknowledged = () => this.#output.split('changed').length;
    const before = acknowledged();
    this.#child?.stdin?.write(`${JSON.stringify(behaviour)}\n`);
    await expect.poll(acknowledged).toBeGreaterThan(before);
  }

  /** How often a method was called since the start. */
  async calls(method: string): Promise<number> {
    // What it acknowledges after them has brought all of them here.
    await this.behave({});
    return this.#output.split(`call ${method}\n`).length - 1;
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  [Symbol.asyncDispose] = () => this.kill();
}

const namespace = 'default';
const pace = { fileMs: 20, wellMs: 20, unwellMs: 20 };

async function prepare(directory: string) {
  const file = join(directory, 'configuration.yaml');
  const socket = join(directory, 'kms.sock');
  const kms = `{apiVersion: v2, name: vault, endpoint: 'unix://${socket}', timeout: 500ms}`;
  const providers = `  providers:\n  - kms: ${kms}\n`;
  const head = 'apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\n';
  writeFileSync(file, `${head}resources:\n- resources: [secrets]\n${providers}`);
  return { plugin: new Plugin(socket), configuration: { file, reload: false, pace } };
}

test('values under a key management service are read after a start by asking it once for each key', async () => {
  await using directory = await temporaryDirectory();
  const { plugin: made, configuration } = await prepare(directory.path);
  await using plugin = made;
  await plugin.start();
  {
    await using running = await startAtRest(directory.path, configuration);
    for (let at = 0; at < 20; at++) await running.client.create(resources.secrets, secret(`s-${at}`, `marker-${at}`));
    expect(running.control.status().resources[0]?.keys).toEqual([
      { key: expect.stringMatching(/^kms:v2:vault:[0-9a-f]{8}$/), values: 20, writes: true },
    ]);
    expect(await plugin.calls('Encrypt')).toBe(1);
  }
  expect(filesWith(placesIn(directory.path).directory, 'marker-')).toEqual([]);
  const before = await plugin.calls('Decrypt');
  const running = await startAtRest(directory.path, configuration);
  const { items } = await running.client.list(resources.secrets, { namespace });
  expect(items.map(contentOf)).toContain('marker-19');
  // One of the two proves that what was just encrypted can be decrypted again.
  expect((await plugin.calls('Decrypt')) - before).toBe(2);

  // A plugin that may come later is one thing, one that nobody names another.
  await running[Symbol.asyncDispose]();
  const text = readFileSync(configuration.file, 'utf8');
  writeFileSync(configuration.file, text.replace('name: vault', 'name: other'));
  await expect(startAtRest(directory.path, configuration)).rejects.toThrow(/20 values of secrets .*kms:v2:vault:/);
});

test('another key of the service is followed, and once all is rewritten the former may go', async () => {
  await using directory = await temporaryDirectory();
  const { plugin: made, configuration } = await prepare(directory.path);
  await using plugin = made;
  await plugin.start();
  {
    await using running = await startAtRest(directory.path, configuration);
    const { client, control } = running;
    for (const name of ['a', 'b', 'c']) await client.create(resources.secrets, secret(name, `of ${name}`));
    await plugin.behave({ keyId: 'second' });
    await expect.poll(() => plugin.calls('Encrypt')).toBe(2);
    await expect.poll(async () => (await control.rewrite()).rewritten).toBe(3);
    expect(await control.rewrite()).toEqual({ rewritten: 0, unreadable: 0 });
  }
  await plugin.behave({ lost: ['first'] });
  await using running = await startAtRest(directory.path, configuration);
  expect((await running.client.list(resources.secrets, { namespace })).items.map(contentOf)).toEqual([
    'of a',
    'of b',
    'of c',
  ]);
});

test('a service that is not there, does not answer, or lies is named by what fails, and nothing else does', async () => {
  await using directory = await temporaryDirectory();
  const { plugin: made, configuration } = await prepare(directory.path);
  await using plugin = made;
  await plugin.start();
  const map = (name: string) => ({
    apiVersion: 'v1' as const,
    kind: 'ConfigMap' as const,
    metadata: { name, namespace },
  });
  {
    await using running = await startAtRest(directory.path, configuration);
    await running.client.create(resources.secrets, secret('a', 'of a'));
    await plugin.kill();
    // What is known stays known.
    expect(contentOf(await running.client.get(resources.secrets, { namespace, name: 'a' }))).toBe('of a');
    await running.client.create(resources.secrets, secret('b', 'of b'));
    await expect.poll(() => running.control.status().services[0]?.fault).toMatch(/vault, error: rpc error: code = /);
  }
  await using running = await startAtRest(directory.path, configuration);
  const { client, control } = running;
  const get = () => client.get(resources.secrets, { namespace, name: 'a' }).then(contentOf);
  const said = () => get().catch((error: Error) => error.message);
  const named =
    'unable to transform key "/registry/core/secrets/default/a": KMS provider vault was not well since the start';
  expect(await said()).toContain(named);
  await expect(client.list(resources.secrets, { namespace })).rejects.toThrow(named);
  await expect(client.create(resources.secrets, secret('c', 'x'))).rejects.toThrow('KMS provider vault was not well');
  await client.create(resources.configMaps, map('one'));
  expect(control.status().unreadable).toHaveLength(2);

  await plugin.start({ lies: true });
  await expect.poll(() => control.status().services[0]?.fault).toContain('does not decrypt what it has encrypted');
  await expect(client.create(resources.secrets, secret('c', 'x'))).rejects.toThrow('does not decrypt what it has');
  await plugin.behave({ lies: false });
  await expect.poll(said).toBe('of a');
  await client.create(resources.secrets, secret('c', 'of c'));

  await plugin.behave({ hangs: true });
  await expect.poll(() => control.status().services[0]?.fault).toMatch(/DeadlineExceeded.*plugin at .*kms\.sock/);
  await client.create(resources.secrets, secret('d', 'of d'));
  await client.create(resources.configMaps, map('two'));
  await plugin.behave({ hangs: false });
  await expect.poll(() => control.status().services[0]?.fault).toBeUndefined();
  expect((await client.list(resources.secrets, { namespace })).items.map(contentOf)).toEqual(
    ['a', 'b', 'c', 'd'].map((name) => `of ${name}`),
  );
});
