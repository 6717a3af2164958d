import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Berth, loadImage, postgresArchive, postgresUser, startBerth, until } from './harness/index.ts';

const image = 'berth.local/postgres:1';

/** A database as people run one: a StatefulSet with a volume of its own. */
describe('PostgreSQL', () => {
  let berth: Berth;
  beforeAll(async () => {
    berth = await startBerth({ args: ['--nodes', '2', '--node-monitor-grace-period', '5s'] });
    await loadImage(berth, () => postgresArchive(image));
    expect((await berth.tryKubectl(['apply', '-f', '-'], database)).stderr).toBe('');
    await berth.kubectl('rollout', 'status', 'statefulset/db', '--timeout=120s');
    await sql('create table entries (id int primary key, words text)');
    // Another node's pod writes all the time, and says what was acknowledged.
    expect((await berth.tryKubectl(['apply', '-f', '-'], writer)).stderr).toBe('');
    await until('rows', async () => (await acknowledged()).length > 20);
  });
  afterAll(() => berth?.[Symbol.asyncDispose]());

  const sql = async (statement: string) =>
    (await berth.kubectl('exec', 'db-0', '--', 'psql', '-v', 'ON_ERROR_STOP=1', '-Atc', statement)).trim();
  const numbers = (text: string) =>
    text
      .split('\n')
      .filter((line) => /^\d+$/.test(line))
      .map(Number);
  const acknowledged = async () => numbers(await berth.kubectl('logs', 'writer'));
  const identity = (what: string) => berth.kubectl('get', 'pod', 'db-0', '-o', `jsonpath={${what}}`);

  /** Does it while rows are written; then every acknowledged row is there, and more can be written. */
  const survives = async (disturb: () => Promise<void>) => {
    await disturb();
    await berth.kubectl('rollout', 'status', 'statefulset/db', '--timeout=120s');
    const count = (await acknowledged()).length;
    await until('new rows', async () => (await acknowledged()).length > count + 20);
    const known = await acknowledged();
    const kept = new Set(numbers(await sql('select id from entries')));
    expect(known.filter((row) => !kept.has(row))).toEqual([]);
    expect(await sql("select count(*) from entries where words <> 'row ' || id")).toBe('0');
  };

  it('keeps its rows when its pod is deleted', async () => {
    const before = await identity('.metadata.uid');
    await survives(async () => void (await berth.kubectl('delete', 'pod', 'db-0')));
    expect(await identity('.metadata.uid')).not.toBe(before);
  });

  it('keeps its rows when its server is killed', async () => {
    // The oldest process of that name is the parent of all: without it the others end.
    const kill = 'kill -9 $(head -1 $PGDATA/postmaster.pid)';
    await survives(async () => {
      const restarts = async () => Number(await identity('.status.containerStatuses[0].restartCount'));
      const before = await restarts();
      await berth.kubectl('exec', 'db-0', '--', 'sh', '-c', kill);
      await until('the container to start again', async () => (await restarts()) === before + 1);
      await until('it to be ready', async () => (await identity('.status.containerStatuses[0].ready')) === 'true');
    });
  });

  it('keeps its rows when its node loses its power and comes back', async () => {
    await survives(async () => {
      expect((await berth.berth('node', 'stop', 'node-2')).stderr).toBe('');
      const ready = '{.status.conditions[?(@.type=="Ready")].status}';
      const node = () => berth.kubectl('get', 'node', 'node-2', '-o', `jsonpath=${ready}`);
      await until('the node to be lost', async () => (await node()) === 'Unknown');
      expect((await berth.berth('node', 'start', 'node-2')).stderr).toBe('');
      await until('the node to be ready', async () => (await node()) === 'True');
      await until('the database to be ready', async () => (await identity(ready.slice(1, -1))) === 'True');
    });
    expect(await identity('.spec.nodeName')).toBe('node-2');
  });

  it('keeps its rows over a rolling update', async () => {
    const revision = await identity('.metadata.labels.controller-revision-hash');
    await survives(async () => void (await berth.kubectl('set', 'env', 'statefulset/db', 'PGOPTIONS=-c work_mem=8MB')));
    expect(await identity('.metadata.labels.controller-revision-hash')).not.toBe(revision);
    expect(await sql('show work_mem')).toBe('8MB');
  });

  it('wrote through its service all the time, and lost no row', async () => {
    expect(await berth.kubectl('get', 'pod', 'writer', '-o', 'jsonpath={.spec.nodeName}')).toBe('node-1');
    expect(
      await berth.kubectl('get', 'pod', 'writer', '-o', 'jsonpath={.status.containerStatuses[0].restartCount}'),
    ).toBe('0');
    const known = await acknowledged();
    expect(new Set(known).size).toBe(known.length);
    expect(Number(await sql('select count(*) from entries'))).toBeGreaterThanOrEqual(known.length);
  });
});

const security = `securityContext: { runAsUser: ${postgresUser}, runAsGroup: ${postgresUser}, fsGroup: ${postgresUser}, fsGroupChangePolicy: OnRootMismatch }`;
const database = `
apiVersion: v1
kind: Service
metadata: { name: db }
spec: { clusterIP: None, selector: { app: db }, ports: [{ port: 5432 }] }
---
apiVersion: v1
kind: Service
metadata: { name: sql }
spec: { selector: { app: db }, ports: [{ port: 5432 }] }
---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db }
spec:
  serviceName: db
  selector: { matchLabels: { app: db } }
  template:
    metadata: { labels: { app: db } }
    spec:
      nodeSelector: { kubernetes.io/hostname: node-2 }
      ${security}
      containers:
        - name: postgres
          image: ${image}
          ports: [{ containerPort: 5432 }]
          volumeMounts: [{ name: data, mountPath: /data }]
          readinessProbe: { exec: { command: [psql, -Atc, select 1] }, periodSeconds: 1, timeoutSeconds: 5 }
  volumeClaimTemplates:
    - metadata: { name: data }
      spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } }
`;
const writer = `
apiVersion: v1
kind: Pod
metadata: { name: writer }
spec:
  nodeName: node-1
  terminationGracePeriodSeconds: 1
  containers:
    - name: writer
      image: ${image}
      env: [{ name: PGHOST, value: sql }, { name: PGCONNECT_TIMEOUT, value: '3' }]
      command:
        - sh
        - -c
        - |
          trap exit TERM
          n=0
          while :; do
            n=$((n + 1))
            psql -qc "insert into entries values ($n, 'row $n')" 2>/dev/null && echo $n
            sleep 0.1 & wait $!
          done
`;
