import { spawnSync } from 'node:child_process';
import { createHash, randomInt } from 'node:crypto';
import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createCriRuntime, type Runtime } from '@berth/cluster/runtime';
import { clientFromKubeconfig, type KubeClient } from '@berth/kube/client';
import { isBerthError } from '@berth/kube/errors';
import { type Pod, resources } from '@berth/kube/objects';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  type Berth,
  busyboxArchive,
  chance,
  type Ledger,
  loadImage,
  startBerth,
  startLedger,
  until,
} from './harness/index.ts';

/**
 * Berth killed at a random moment under load, again and again. `BERTH_KILLS=100 npm test -- e2e/killed` does it as often
 * as that; `BERTH_SEED` repeats what chance chose, though not the machine's timing.
 */
const kills = Number(process.env.BERTH_KILLS ?? 5);
const seed = Number(process.env.BERTH_SEED ?? randomInt(2 ** 31));
const random = chance(seed);

let berth: Berth;
let client: KubeClient;
let runtime: Runtime;
let ledger: Ledger;
/** What the containers write to the machine. */
const claims = mkdtempSync(join(tmpdir(), 'berth-claims-'));
const watch = new AbortController();
const twice: string[] = [];

beforeAll(async () => {
  console.log(`seed ${seed}, ${kills} kills`);
  berth = await startBerth();
  await loadImage(berth, () => busyboxArchive('berth.local/keeper:1', { programs: ['/usr/bin/flock'] }));
  client = await clientFromKubeconfig(berth.kubeconfig);
  const instance = createHash('sha256').update(realpathSync(berth.dataDir)).digest('hex').slice(0, 6);
  runtime = createCriRuntime({ socket: `/run/berth-${instance}/node-1/containerd.sock` });
  expect((await berth.tryKubectl(['apply', '-f', '-'], workloads)).stderr).toBe('');
  await berth.kubectl('rollout', 'status', 'statefulset/keeper', '--timeout=90s');
  ledger = startLedger(client, 'default', 8, random);
  void watchIdentities();
}, 180_000);

afterAll(async () => {
  watch.abort();
  await ledger?.stop();
  runtime?.close();
  await berth?.[Symbol.asyncDispose]();
  rmSync(claims, { recursive: true, force: true });
});

/** containerd itself is asked all the while, also when Berth is dead: which pods of one name run at the same time. */
async function watchIdentities(): Promise<void> {
  while (!watch.signal.aborted) {
    for (const [name, count] of await runningKeepers().catch(() => new Map<string, number>())) {
      if (count > 1) twice.push(`${name} runs ${count} times`);
    }
    await delay(50);
  }
}

async function runningKeepers(): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (const { state, labels } of await runtime.listContainers({
    labels: { 'io.kubernetes.container.name': 'keeper' },
  })) {
    if (state !== 'running') continue;
    const name = labels['io.kubernetes.pod.name'] ?? '';
    found.set(name, (found.get(name) ?? 0) + 1);
  }
  return found;
}

/** Something is always coming or going when Berth dies. What fails because it is dead just now is not done. */
async function disturb(round: number): Promise<void> {
  const pick = random();
  try {
    if (pick < 0.4) {
      const name = `keeper-${Math.floor(random() * 3)}`;
      await client.delete(resources.pods, { namespace: 'default', name });
    } else if (pick < 0.7) {
      const body = { spec: { replicas: 1 + Math.floor(random() * 5) } };
      await client.patch(resources.deployments, { namespace: 'default', name: 'web' }, { type: 'merge', body });
    } else {
      const patch = {
        type: 'merge',
        body: { spec: { template: { metadata: { annotations: { round: String(round) } } } } },
      } as const;
      const key = { namespace: 'default', name: random() < 0.5 ? 'keeper' : 'web' };
      if (key.name === 'web') await client.patch(resources.deployments, key, patch);
      else await client.patch(resources.statefulSets, key, patch);
    }
  } catch (error) {
    if (!isBerthError(error)) throw error;
  }
}

const violations = () => spawnSync('sh', ['-c', `cat ${claims}/violations`], { encoding: 'utf8' }).stdout;

/** Every pod there is is wanted, ready and of the newest revision, and containerd runs exactly their containers. */
async function untilConverged(): Promise<void> {
  await until('everything to converge', async () => {
    const web = await client.get(resources.deployments, { namespace: 'default', name: 'web' });
    const keeper = await client.get(resources.statefulSets, { namespace: 'default', name: 'keeper' });
    const { items: pods } = await client.list(resources.pods, { namespace: 'default' });
    const running = (await runtime.listContainers()).filter(({ state }) => state === 'running').map(({ id }) => id);
    const wanted = Number(web.spec?.replicas) + 3;
    const now = { pods: pods.map(described), running: running.length, wanted };
    const done =
      web.status?.updatedReplicas === web.spec?.replicas &&
      web.status?.observedGeneration === web.metadata.generation &&
      keeper.status?.updateRevision === keeper.status?.currentRevision &&
      keeper.status?.observedGeneration === keeper.metadata.generation &&
      pods.length === wanted &&
      pods.every((pod) => isReady(pod) && pod.metadata.deletionTimestamp === undefined);
    const ids = pods.map((pod) => pod.status?.containerStatuses?.[0]?.containerID?.split('//')[1] ?? '');
    // The cluster's own pods have no containers here: DNS is a process.
    const same = JSON.stringify(ids.sort()) === JSON.stringify(running.sort());
    if (!done || !same) throw new Error(JSON.stringify(now));
    return true;
  });
}

const isReady = ({ status }: Pod) =>
  status?.conditions?.some((found) => found.type === 'Ready' && found.status === 'True');
const described = ({ metadata, status }: Pod) =>
  `${metadata.name} ${status?.phase} ${metadata.deletionTimestamp === undefined ? '' : 'going'} ${JSON.stringify(status?.containerStatuses?.[0]?.state)}`;

it(
  `loses nothing and runs nothing twice, killed ${kills} times`,
  async () => {
    for (let round = 0; round < kills; round += 1) {
      const disturbing = (async () => {
        for (let count = 0; count < 3; count += 1) {
          await disturb(round);
          await delay(random() * 200);
        }
      })();
      await delay(random() * 1500);
      berth.process.kill('SIGKILL');
      await disturbing;
      await berth.restart();
      expect(await ledger.audit(), `seed ${seed}, kill ${round}`).toEqual([]);
      expect(twice, `seed ${seed}, kill ${round}`).toEqual([]);
      if (round % 5 === 4 || round === kills - 1) await untilConverged();
      expect(violations(), `seed ${seed}, kill ${round}`).toBe('');
      if (round % 10 === 9) console.log(`${round + 1} kills, ${ledger.acknowledged} writes acknowledged`);
    }
    expect(ledger.acknowledged).toBeGreaterThan(kills * 10);
    // Each keeper came to its lock: the file would be missing if none of this had been looked at.
    expect(readFileSync(join(claims, 'starts'), 'utf8').split('\n').length).toBeGreaterThan(3);
  },
  60_000 + kills * 60_000,
);

/** A keeper holds a lock on its name that the kernel takes from it when it ends: who finds it taken is the second one. */
const workloads = `
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: keeper }
spec:
  serviceName: keeper
  replicas: 3
  podManagementPolicy: Parallel
  selector: { matchLabels: { app: keeper } }
  template:
    metadata: { labels: { app: keeper } }
    spec:
      terminationGracePeriodSeconds: 2
      containers:
        - name: keeper
          image: berth.local/keeper:1
          command:
            - sh
            - -c
            - |
              echo "$HOSTNAME" >> /claims/starts
              /usr/bin/flock -n "/claims/$HOSTNAME" sh -c 'trap exit TERM; while true; do sleep 0.2; done'
              [ $? -eq 1 ] && echo "$HOSTNAME runs already" >> /claims/violations
              exit 1
          volumeMounts: [{ name: claims, mountPath: /claims }]
      volumes: [{ name: claims, hostPath: { path: ${claims} } }]
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 3
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - { name: web, image: berth.local/keeper:1, command: [sh, -c, 'trap exit TERM; while true; do sleep 0.2; done'] }
`;
