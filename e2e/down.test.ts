import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Berth, busyboxArchive, loadImage, startBerth, until } from './harness/index.ts';

const image = 'berth.local/down:1';
const pod = (name: string, restartPolicy: string, script: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { restartPolicy, containers: [{ name: 'main', image, command: ['sh', '-c', script] }] },
});

interface Status {
  phase: string;
  conditions: object[];
  containerStatuses: {
    restartCount: number;
    state: Record<string, { exitCode?: number }>;
    lastState: { terminated?: { exitCode: number } };
  }[];
}

/** As pods get over the reboot of their machine. */
describe('berth down, then up', () => {
  let berth: Berth;
  beforeAll(async () => {
    berth = await startBerth();
    await loadImage(berth, () => busyboxArchive(image));
  });
  afterAll(() => berth?.[Symbol.asyncDispose]());

  const statusOf = async (name: string) => {
    const { status } = JSON.parse(await berth.kubectl('get', 'pod', name, '-o', 'json')) as { status: Status };
    return status;
  };

  it('runs again what shall always run, nothing that shall run once, and knows how all of it ended', async () => {
    const pods = [
      pod('always', 'Always', 'echo one life; sleep 10000'),
      pod('once', 'Never', 'echo begun; sleep 10000'),
      pod('done', 'Never', 'echo last words'),
    ];
    for (const each of pods) await berth.tryKubectl(['apply', '-f', '-'], JSON.stringify(each));
    await berth.kubectl('wait', '--for=condition=Ready', 'pod/always', 'pod/once', '--timeout=60s');
    await berth.kubectl('wait', '--for=jsonpath={.status.phase}=Succeeded', 'pod/done', '--timeout=60s');
    // The last that happens to it: its sandbox goes.
    await berth.kubectl('wait', '--for=condition=PodReadyToStartContainers=False', 'pod/done', '--timeout=60s');
    const ended = await statusOf('done');

    const down = await berth.berth('down');
    expect([down.status, down.stderr]).toEqual([0, '']);
    await berth.restart();

    await until('the pod to run again', async () => {
      const { containerStatuses } = await statusOf('always');
      return containerStatuses[0]?.state.running !== undefined && containerStatuses[0].restartCount === 1;
    });
    expect((await statusOf('always')).containerStatuses[0]?.lastState.terminated?.exitCode).toBe(137);
    const once = await until('the other to have failed', async () => {
      const status = await statusOf('once');
      return status.phase === 'Failed' && status;
    });
    expect(once.containerStatuses[0]).toMatchObject({ restartCount: 0, state: { terminated: { exitCode: 137 } } });
    // What was over is as it was.
    expect(await statusOf('done')).toEqual(ended);
    expect(await berth.kubectl('logs', 'done')).toBe('last words\n');
    expect(await berth.kubectl('logs', 'once')).toBe('begun\n');
    expect(await berth.kubectl('logs', '--previous', 'always')).toBe('one life\n');
  });
});
