import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import type { ContainerConfig, ContainerResources, Runtime, RuntimeEvent, SandboxConfig } from './types.ts';

/** A runtime to judge, with an image it has and containers of known behaviour. */
export interface RuntimeFixture extends AsyncDisposable {
  runtime: Runtime;
  image: string;
  /** What makes a container of that image run on, or end with code 3. */
  program(behaviour: 'forever' | 'fails'): Partial<ContainerConfig>;
  logDirectory: string;
  cgroupParent: string;
  /** Why commands cannot be run in its containers, if so. */
  withoutProcesses?: string;
}

/** What every `Runtime` promises, in the words of its contract. Call it at the top of a test file. */
export function runtimeConformance(name: string, open: () => Promise<RuntimeFixture>): void {
  describe(`${name}: Runtime`, () => {
    test('a sandbox is ready with its labels, and gone after its removal', async () => {
      await using fixture = await open();
      const { runtime } = fixture;
      const id = await runtime.runSandbox(sandboxConfig(fixture));
      const status = await runtime.sandboxStatus(id);
      expect(status).toMatchObject({ id, ready: true, metadata: { name: 'web', namespace: 'default', attempt: 0 } });
      expect(status.labels).toEqual({ app: 'web' });
      expect(status.annotations).toEqual({ note: 'x' });
      expect(await runtime.listSandboxes({ labels: { app: 'web' } })).toHaveLength(1);
      expect(await runtime.listSandboxes({ labels: { app: 'other' } })).toEqual([]);
      await runtime.stopSandbox(id);
      await runtime.stopSandbox(id);
      expect((await runtime.sandboxStatus(id)).ready).toBe(false);
      await runtime.removeSandbox(id);
      await runtime.removeSandbox(id);
      await expect(runtime.sandboxStatus(id)).rejects.toMatchObject({ code: 'NotFound' });
    });

    test('a container is created, runs, is stopped and removed', async () => {
      await using fixture = await open();
      const { runtime } = fixture;
      const { id, sandbox } = await container(fixture, 'forever');
      const image = await runtime.imageStatus(fixture.image);
      expect(await runtime.listContainers({ sandboxId: sandbox })).toMatchObject([{ id, imageId: image?.id }]);
      expect(await runtime.containerStatus(id)).toMatchObject({ state: 'created', startedAt: 0, name: 'main' });
      await runtime.startContainer(id);
      const running = await runtime.containerStatus(id);
      expect(running).toMatchObject({ state: 'running', attempt: 2, labels: { role: 'main' }, finishedAt: 0 });
      expect(running.startedAt).toBeGreaterThan(0);
      expect(running.imageRef).not.toBe('');
      expect((await runtime.listContainers({ sandboxId: sandbox })).map((found) => found.id)).toEqual([id]);
      await runtime.stopContainer(id, 0);
      await runtime.stopContainer(id, 0);
      expect(await runtime.containerStatus(id)).toMatchObject({ state: 'exited', exitCode: 137 });
      await runtime.removeContainer(id);
      await runtime.removeContainer(id);
      await expect(runtime.containerStatus(id)).rejects.toMatchObject({ code: 'NotFound' });
    });

    test('a container is given other resources as it runs, and keeps what is not said', async () => {
      await using fixture = await open();
      const { runtime } = fixture;
      const { id } = await container(fixture, 'forever', { cpuShares: 102, cpuPeriod: 100_000, cpuQuota: 20_000 });
      await runtime.startContainer(id);
      await runtime.updateResources(id, { cpuShares: 204, memoryLimit: 64 << 20 });
      const { state, resources } = await runtime.containerStatus(id);
      expect(state).toBe('running');
      expect(resources).toMatchObject({ cpuShares: 204, cpuQuota: 20_000, memoryLimit: 64 << 20 });
      await expect(runtime.updateResources('absent', { cpuShares: 2 })).rejects.toMatchObject({ code: 'NotFound' });
    });

    test('an end of its own is told at once, and the status shows it by then', async () => {
      await using fixture = await open();
      const { runtime } = fixture;
      const over = new AbortController();
      const events = runtime.events(over.signal)[Symbol.asyncIterator]();
      expect((await events.next()).value).toEqual({ type: 'resync' });
      const { id } = await container(fixture, 'fails');
      // The subscription is under way: a start may be missed here, the end of a container started later may not.
      const ended = untilEvent(events, (event) => event.type === 'ended' && event.id === id);
      await runtime.startContainer(id);
      await ended;
      const status = await runtime.containerStatus(id);
      expect(status).toMatchObject({ state: 'exited', exitCode: 3, reason: 'Error' });
      expect(status.finishedAt).toBeGreaterThanOrEqual(status.startedAt);
      over.abort();
    });

    test('ending a sandbox ends its containers', async () => {
      await using fixture = await open();
      const { runtime } = fixture;
      const { id, sandbox } = await container(fixture, 'forever');
      await runtime.startContainer(id);
      await runtime.stopSandbox(sandbox);
      expect((await runtime.containerStatus(id)).state).toBe('exited');
      await runtime.removeSandbox(sandbox);
      await expect(runtime.containerStatus(id)).rejects.toMatchObject({ code: 'NotFound' });
    });

    test('images are known by their names', async () => {
      await using fixture = await open();
      const { runtime, image } = fixture;
      const status = await runtime.imageStatus(image);
      expect(status?.tags).toContain(image);
      expect(status?.size).toBeGreaterThan(0);
      expect(await runtime.imageStatus('berth.local/absent:1')).toBeUndefined();
      expect((await runtime.listImages()).some((listed) => listed.id === status?.id)).toBe(true);
    });

    test('statistics of a running container carry its labels', async () => {
      await using fixture = await open();
      const { runtime } = fixture;
      const { id } = await container(fixture, 'forever');
      await runtime.startContainer(id);
      const [stats] = await runtime.stats({ labels: { role: 'main' } });
      expect(stats).toMatchObject({ id, labels: { role: 'main' } });
      expect(stats?.workingSetBytes).toBeGreaterThan(0);
    });

    test('a command runs to its end, or is cut off', async (context) => {
      await using fixture = await open();
      if (fixture.withoutProcesses) context.skip(fixture.withoutProcesses);
      const { runtime } = fixture;
      const { id } = await container(fixture, 'forever');
      await runtime.startContainer(id);
      const result = await runtime.execSync(id, ['/bin/sh', '-c', 'echo out; echo err >&2; exit 5'], 10);
      expect(result.exitCode).toBe(5);
      expect([String(result.stdout), String(result.stderr)]).toEqual(['out\n', 'err\n']);
      await expect(runtime.execSync(id, ['/bin/sleep', '60'], 1)).rejects.toMatchObject({ code: 'Timeout' });
    });

    test("closing a process's input ends it, output and exit code arrive whole", async (context) => {
      await using fixture = await open();
      if (fixture.withoutProcesses) context.skip(fixture.withoutProcesses);
      const { runtime } = fixture;
      const { id } = await container(fixture, 'forever');
      await runtime.startContainer(id);
      const options = { stdin: true, stdout: true, stderr: true, tty: false };
      const process = await runtime.exec(id, ['/bin/sh', '-c', 'cat; echo end >&2; exit 7'], options);
      const sent = 'x'.repeat(300_000);
      process.stdin?.end(sent);
      const [out, err, code] = await Promise.all([output(process.stdout), output(process.stderr), process.exit]);
      expect(out.length).toBe(sent.length);
      expect([err, code]).toEqual(['end\n', 7]);
      process.close();

      const terminal = await runtime.exec(id, ['/bin/sh', '-c', 'read x; stty size'], { ...options, tty: true });
      terminal.resize({ width: 123, height: 45 });
      // The size travels on a stream of its own: the shell looks only after a line was typed behind it.
      setTimeout(() => terminal.stdin?.write('\n'), 200);
      expect(await output(terminal.stdout)).toContain('45 123');
      expect(await terminal.exit).toBe(0);
      terminal.close();
      await expect(runtime.exec(id, ['/bin/absent'], options).then((absent) => absent.exit)).rejects.toThrow('absent');
    });

    test('a port on the loopback inside the sandbox is reached', async (context) => {
      await using fixture = await open();
      if (fixture.withoutProcesses) context.skip(fixture.withoutProcesses);
      const { runtime } = fixture;
      const { id, sandbox } = await container(fixture, 'forever');
      await runtime.startContainer(id);
      const options = { stdin: false, stdout: true, stderr: true, tty: false };
      const script = 'echo ready; echo pong | nc -l -p 7070';
      const server = await runtime.exec(id, ['/bin/sh', '-c', script], options);
      await new Promise((resolve) => server.stdout?.once('data', resolve));
      await expect
        .poll(async () => String((await runtime.execSync(id, ['/bin/netstat', '-ltn'], 5)).stdout))
        .toContain(':7070');
      const connection = await runtime.portForward(sandbox, 7070);
      connection.end('ping');
      expect(await text(connection)).toBe('pong\n');
      server.close();

      const refused = await runtime.portForward(sandbox, 7071);
      refused.end('ping');
      await expect(text(refused)).rejects.toThrow('connection refused');
    });
  });
}

async function untilEvent(events: AsyncIterator<RuntimeEvent>, wanted: (event: RuntimeEvent) => boolean) {
  for (;;) {
    const next = await events.next();
    if (next.done) throw new Error('the events ended');
    if (wanted(next.value)) return;
  }
}

const scopes = { network: 'pod', pid: 'container', ipc: 'pod' } as const;

function sandboxConfig(fixture: RuntimeFixture): SandboxConfig {
  return {
    metadata: { name: 'web', namespace: 'default', uid: crypto.randomUUID(), attempt: 0 },
    hostname: 'web',
    logDirectory: fixture.logDirectory,
    portMappings: [],
    labels: { app: 'web' },
    annotations: { note: 'x' },
    cgroupParent: fixture.cgroupParent,
    sysctls: {},
    namespaces: scopes,
    privileged: false,
    supplementalGroups: [],
  };
}

async function container(fixture: RuntimeFixture, behaviour: 'forever' | 'fails', resources: ContainerResources = {}) {
  const { runtime } = fixture;
  const config = sandboxConfig(fixture);
  const sandbox = await runtime.runSandbox(config);
  const image = await runtime.imageStatus(fixture.image);
  const id = await runtime.createContainer(
    sandbox,
    {
      name: 'main',
      attempt: 2,
      image: image?.id ?? fixture.image,
      userImage: fixture.image,
      command: [],
      args: [],
      workingDir: '',
      environment: [],
      mounts: [],
      labels: { role: 'main' },
      annotations: {},
      logPath: 'main.log',
      stdin: false,
      stdinOnce: false,
      tty: false,
      resources,
      security: {
        privileged: false,
        readonlyRootfs: false,
        noNewPrivileges: false,
        addCapabilities: [],
        dropCapabilities: [],
        supplementalGroups: [],
        maskedPaths: [],
        readonlyPaths: [],
        namespaces: scopes,
      },
      ...fixture.program(behaviour),
    },
    config,
  );
  return { id, sandbox };
}

async function output(stream: Readable | undefined): Promise<string> {
  if (!stream) throw new Error('the stream was asked for and is not there');
  return text(stream);
}
