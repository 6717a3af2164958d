import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Berth, busyboxArchive, loadImage, startBerth, until } from './harness/index.ts';

const image = 'berth.local/storage:1';

/** Keeps its rows in a volume of its own: what it finds, and one line more at each start. */
const ledger = (replicas: number) => `
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: ledger }
spec:
  serviceName: ledger
  replicas: ${replicas}
  selector: { matchLabels: { app: ledger } }
  template:
    metadata: { labels: { app: ledger } }
    spec:
      terminationGracePeriodSeconds: 1
      securityContext: { runAsUser: 1000, runAsGroup: 1000, fsGroup: 2000 }
      containers:
        - name: main
          image: ${image}
          command: [sh, -c, 'echo "$HOSTNAME" >> /data/rows; trap exit TERM; sleep 3600 & wait']
          volumeMounts: [{ name: data, mountPath: /data, subPath: books }]
  volumeClaimTemplates:
    - metadata: { name: data }
      spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 10Mi } } }
`;

const pod = (name: string, spec: string) => `
apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  restartPolicy: Never
  terminationGracePeriodSeconds: 1
${spec}`;

describe('storage', () => {
  let berth: Berth;
  beforeAll(async () => {
    berth = await startBerth();
    await loadImage(berth, () => busyboxArchive(image));
  });
  afterAll(() => berth?.[Symbol.asyncDispose]());

  const apply = async (manifest: string) =>
    expect((await berth.tryKubectl(['apply', '-f', '-'], manifest)).stderr).toBe('');
  /** A container that is ready may not have come to its first line. */
  const rows = (name: string, lines: number) =>
    until(`${name} to have ${lines} rows`, async () => {
      const text = await berth.kubectl('exec', name, '--', 'cat', '/data/rows');
      return text === `${name}\n`.repeat(lines);
    });
  const volumes = () => {
    const directory = join(berth.dataDir, 'nodes', 'node-1', 'volumes');
    return existsSync(directory) ? readdirSync(directory) : [];
  };

  it('keeps what a StatefulSet wrote over deletion, scaling and a restart of Berth, and removes it with the claim', async () => {
    await apply(ledger(2));
    await berth.kubectl('rollout', 'status', 'statefulset/ledger', '--timeout=90s');
    expect(await berth.kubectl('get', 'pvc', '-o', 'jsonpath={.items[*].status.phase}')).toBe('Bound Bound');
    expect(volumes()).toHaveLength(2);
    expect(await berth.kubectl('exec', 'ledger-0', '--', 'stat', '-c', '%g', '/data')).toBe('2000\n');

    await berth.kubectl('delete', 'pod', 'ledger-0');
    await berth.kubectl('rollout', 'status', 'statefulset/ledger', '--timeout=90s');
    await berth.kubectl('wait', '--for=condition=Ready', 'pod/ledger-0', '--timeout=60s');
    await rows('ledger-0', 2);

    await apply(ledger(1));
    await berth.kubectl('wait', '--for=delete', 'pod/ledger-1', '--timeout=60s');
    berth.process.kill('SIGKILL');
    await berth.restart();
    await apply(ledger(2));
    await berth.kubectl('rollout', 'status', 'statefulset/ledger', '--timeout=90s');
    await rows('ledger-1', 2);
    await rows('ledger-0', 2);

    // A claim in use waits for its pod; its volume goes with it.
    await berth.kubectl('delete', 'pvc', 'data-ledger-1', '--wait=false');
    expect(await berth.kubectl('get', 'pvc', 'data-ledger-1', '-o', 'jsonpath={.metadata.finalizers}')).toBe(
      '["kubernetes.io/pvc-protection"]',
    );
    await berth.kubectl('delete', 'statefulset', 'ledger');
    await berth.kubectl('wait', '--for=delete', 'pvc/data-ledger-1', '--timeout=60s');
    await until('the directory to go', async () => volumes().length === 1);
    await berth.kubectl('delete', 'pvc', '--all');
    await until('all volumes to go', async () => (await berth.kubectl('get', 'pv', '-o', 'name')) === '');
    expect(volumes()).toEqual([]);
  });

  it('binds a volume that somebody made to the claim that asks for it', async () => {
    const outside = mkdtempSync(join(tmpdir(), 'berth-volume-'));
    try {
      await apply(`
apiVersion: v1
kind: PersistentVolume
metadata: { name: made }
spec:
  capacity: { storage: 1Gi }
  accessModes: [ReadWriteOnce]
  storageClassName: by-hand
  hostPath: { path: ${outside} }
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: asks }
spec: { accessModes: [ReadWriteOnce], storageClassName: by-hand, resources: { requests: { storage: 1Mi } } }
---${pod('writer', `  containers: [{ name: main, image: '${image}', command: [touch, /v/here], volumeMounts: [{ name: v, mountPath: /v }] }]\n  volumes: [{ name: v, persistentVolumeClaim: { claimName: asks } }]`)}`);
      await berth.kubectl('wait', '--for=jsonpath={.status.phase}=Succeeded', 'pod/writer', '--timeout=60s');
      expect(readdirSync(outside)).toEqual(['here']);
      await berth.kubectl('delete', 'pod/writer', 'pvc/asks');
      await berth.kubectl('wait', '--for=jsonpath={.status.phase}=Released', 'pv/made', '--timeout=60s');
      expect(readdirSync(outside)).toEqual(['here']);
      await berth.kubectl('delete', 'pv/made');
    } finally {
      rmSync(outside, { recursive: true, force: true });
    }
  });

  it('evicts a pod whose scratch space overflows', async () => {
    await apply(
      pod(
        'greedy',
        `  containers:
    - { name: main, image: '${image}', command: [sh, -c, 'head -c 3000000 /dev/zero > /v/zeros; sleep 600'], volumeMounts: [{ name: v, mountPath: /v }] }
  volumes: [{ name: v, emptyDir: { sizeLimit: 1Mi } }]`,
      ),
    );
    await berth.kubectl('wait', '--for=jsonpath={.status.phase}=Failed', 'pod/greedy', '--timeout=60s');
    expect(await berth.kubectl('get', 'pod', 'greedy', '-o', 'jsonpath={.status.reason}: {.status.message}')).toBe(
      'Evicted: Usage of EmptyDir volume "v" exceeds the limit "1Mi". ',
    );
    await berth.kubectl('delete', 'pod/greedy');
  });

  it('makes nothing behind a link that leads out of a volume', async () => {
    const outside = mkdtempSync(join(tmpdir(), 'berth-outside-'));
    try {
      await apply(
        pod(
          'escape',
          `  initContainers: [{ name: links, image: '${image}', command: [ln, -s, '${outside}', /v/out], volumeMounts: [{ name: v, mountPath: /v }] }]
  containers: [{ name: main, image: '${image}', command: ['true'], volumeMounts: [{ name: v, mountPath: /w, subPath: out/made }] }]
  volumes: [{ name: v, emptyDir: {} }]`,
        ),
      );
      const reason = 'jsonpath={.status.containerStatuses[0].state.waiting.reason}';
      await berth.kubectl('wait', `--for=${reason}=CreateContainerConfigError`, 'pod/escape', '--timeout=60s');
      expect(readdirSync(outside)).toEqual([]);
      await berth.kubectl('delete', 'pod/escape');
    } finally {
      rmSync(outside, { recursive: true, force: true });
    }
  });
});
