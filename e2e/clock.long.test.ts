import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Berth, type FalseClock, falseClock, startWorkloads, until, webArchive } from './harness/index.ts';

const hours = 3600;

/** The machine's clock is put forward, and back, under a cluster at work. */
describe('a clock that jumps', () => {
  let clock: FalseClock;
  let berth: Berth;
  let before: string;

  beforeAll(async () => {
    clock = await falseClock();
    berth = await startWorkloads({
      args: ['--node-monitor-grace-period', '5s'],
      env: clock.env,
      images: [() => webArchive('berth.local/web:1', '1')],
      objects: workloads,
      ready: ['deployment/web'],
    });
    before = await identities();
  });
  afterAll(async () => {
    await berth?.[Symbol.asyncDispose]();
    clock?.[Symbol.dispose]();
  });

  const get = (what: string, path: string) => berth.kubectl('get', ...what.split(' '), '-o', `jsonpath=${path}`);
  /** Which pods serve, with their containers' ends so far, and since when the node is ready. */
  const identities = async () =>
    (await get(
      'pods -l app=web',
      '{range .items[*]}{.metadata.uid} {.status.containerStatuses[0].restartCount}{"\\n"}{end}',
    )) + (await get('nodes', '{.items[*].status.conditions[?(@.type=="Ready")].lastTransitionTime}'));
  const renewed = async () => Date.parse(await get('lease node-1 -n kube-node-lease', '{.spec.renewTime}'));
  /** How often the node asked for the image of a pod. */
  const pulls = async (name: string) => {
    const path = `{.items[?(@.reason=="Pulling")].count}`;
    return Number(await get(`events --field-selector involvedObject.name=${name}`, path));
  };

  /** Puts the clock where it shall be while a pod waits for an image that nobody has. */
  const jump = async (name: string, seconds: number) => {
    await berth.kubectl('run', `late-${name}`, '--image=berth.invalid/late:1');
    await until('the pull to have failed', async () =>
      (await berth.kubectl('get', 'pod', `late-${name}`)).includes('ImagePullBackOff'),
    );
    const before = await pulls(`late-${name}`);
    clock.set(seconds);
    await until('the jump to be seen', async () => Math.abs((await renewed()) - Date.now() - seconds * 1000) < 60_000);
    // Whoever waits does so no longer than he would have.
    await until('the image to be asked for again', async () => (await pulls(`late-${name}`)) > before);
  };

  /** All that shall go on after a jump. */
  const goesOn = async (name: string) => {
    // A new pod comes, can be reached, and goes.
    await berth.kubectl('run', name, '--image=berth.local/web:1', '--image-pull-policy=IfNotPresent');
    await berth.kubectl('wait', '--for=condition=Ready', `pod/${name}`, '--timeout=60s');
    expect(await berth.kubectl('exec', name, '--', 'hostname')).toBe(`${name}\n`);
    await berth.kubectl('delete', 'pod', name, '--timeout=60s');
    // Some of the node's heartbeats, and more than the grace period.
    const since = await renewed();
    await until('the lease to be renewed for long', async () => (await renewed()) > since + 8000);
    expect(await identities()).toBe(before);
    expect(await berth.kubectl('get', 'events', '-A')).not.toMatch(/NodeNotReady|TaintManagerEviction|Evicted/);
    expect(await get('nodes', '{.items[*].spec.taints}')).toBe('');
  };

  it('forward leaves the node ready and its pods alone', async () => {
    await jump('forward', 2 * hours);
    await goesOn('forward');
  });

  it('back leaves them alone as well, and nobody waits for the hours to come again', async () => {
    await jump('back', 0);
    await goesOn('back');
  });
});

const container = 'image: berth.local/web:1, imagePullPolicy: IfNotPresent';
const workloads = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
        - { name: web, ${container}, livenessProbe: { tcpSocket: { port: 80 }, periodSeconds: 1 } }
`;
