import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Berth } from './berth.ts';
import { webArchive } from './images.ts';
import { startWorkloads } from './workloads.ts';

/** What tests of lost nodes read of nodes and pods. */
export interface Listed {
  metadata: { name: string; uid: string; deletionTimestamp?: string; deletionGracePeriodSeconds?: number };
  spec: { nodeName?: string; taints?: { key: string; effect: string; timeAdded?: string }[] };
  status: {
    conditions?: { type: string; status: string; reason?: string; message?: string; lastTransitionTime?: string }[];
    containerStatuses?: { restartCount: number; state?: Record<string, unknown> }[];
    podIP?: string;
    addresses?: { type: string; address: string }[];
  };
}

/** How long the pods of these tests bear a node that cannot be reached. */
export const toleration = 6;
export const webImage = 'berth.local/web:1';

/** Three nodes that are missed after 5 s, with the workloads below. */
export const startLosable = (): Promise<Berth> =>
  startWorkloads({
    args: ['--nodes', '3', '--node-monitor-grace-period', '5s'],
    images: [() => webArchive(webImage, '1')],
    objects: lostNodeWorkloads,
    ready: ['deployment/web', 'statefulset/db', 'pod/patient'],
  });

const condition = (object: Listed, type: string) => object.status.conditions?.find((one) => one.type === type);
export const isReady = (object: Listed): boolean => condition(object, 'Ready')?.status === 'True';

/** Questions about a cluster with the workloads below. */
export function observe(berth: () => Berth) {
  const list = async (...what: string[]) =>
    (JSON.parse(await berth().kubectl('get', ...what, '-o', 'json')) as { items: Listed[] }).items;
  const pods = (app: string) => list('pods', '-l', `app=${app}`);
  return {
    list,
    pods,
    node: async (name: string) => JSON.parse(await berth().kubectl('get', 'node', name, '-o', 'json')) as Listed,
    condition,
    uids: (some: readonly Listed[]) => some.map(({ metadata }) => metadata.uid),
    /** How many web pods are ready and stay, and on which nodes. */
    async spread() {
      const ready = (await pods('web')).filter((pod) => isReady(pod) && pod.metadata.deletionTimestamp === undefined);
      return { count: ready.length, nodes: new Set(ready.map(({ spec }) => spec.nodeName)) };
    },
  };
}

/** Living processes of the pods with these uids, found by the paths of their cgroups. */
export function processesOf(some: readonly string[]): number {
  if (some.length === 0) return 0;
  const { stdout } = spawnSync('sh', ['-c', `grep -lsE '${some.join('|')}' /proc/[0-9]*/cgroup`], { encoding: 'utf8' });
  return stdout.split('\n').filter((file) => {
    try {
      return file !== '' && !/^State:\s+Z/m.test(readFileSync(file.replace(/cgroup$/, 'status'), 'utf8'));
    } catch {
      return false;
    }
  }).length;
}

const tolerations = `tolerations:
        - { key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: ${toleration} }
        - { key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute, tolerationSeconds: ${toleration} }`;
const container = `containers: [{ name: web, image: ${webImage}, ports: [{ containerPort: 80 }] }]`;
/** A Deployment that spreads, with a service; a StatefulSet on node-2; and a pod there that bears everything. */
const lostNodeWorkloads = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 3
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      affinity:
        podAntiAffinity:
          preferredDuringSchedulingIgnoredDuringExecution:
            - weight: 100
              podAffinityTerm: { topologyKey: kubernetes.io/hostname, labelSelector: { matchLabels: { app: web } } }
      ${tolerations}
      ${container}
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, type: NodePort, ports: [{ port: 80 }] }
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
      terminationGracePeriodSeconds: 2
      ${tolerations}
      ${container}
---
apiVersion: v1
kind: Pod
metadata: { name: patient, labels: { app: patient } }
spec:
  nodeName: node-2
  tolerations: [{ operator: Exists }]
  ${container}
`;
