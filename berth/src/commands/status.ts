import { clientFromKubeconfig, type KubeClient } from '@berth/kube/client';
import { type Condition, type KubeObject, resources } from '@berth/kube/objects';
import { sentenceOf } from '../failure.ts';
import { runningInstance } from '../instance.ts';

interface ClusterStatus {
  running: boolean;
  pid?: number;
  version?: string;
  apiUrl?: string;
  consoleUrl?: string;
  kubeconfig?: string;
  nodes?: { ready: number; total: number };
  pods?: { running: number; total: number };
  problem?: string;
}

/** What runs on a data directory; exit status 1 when nothing does, or when it does not answer. */
export async function status(options: { dataDir: string; output: 'text' | 'json' }): Promise<void> {
  const found = await statusOf(options.dataDir);
  process.exitCode = found.running && found.problem === undefined ? 0 : 1;
  if (options.output === 'json') return console.log(JSON.stringify(found, null, 2));
  if (!found.running) return console.log(`Berth does not run on ${options.dataDir}. Start it with "berth up".`);
  const rows: [string, string | undefined][] = [
    ['Berth', `${found.version}, process ${found.pid}`],
    ['Kubernetes', found.apiUrl],
    ['Console', found.consoleUrl],
    ['kubeconfig', found.kubeconfig],
    ['Nodes', found.nodes && `${found.nodes.ready} of ${found.nodes.total} ready`],
    ['Pods', found.pods && `${found.pods.running} of ${found.pods.total} running`],
    ['Problem', found.problem],
  ];
  for (const [label, value] of rows) if (value !== undefined) console.log(`  ${label.padEnd(12)}${value}`);
}

async function statusOf(dataDir: string): Promise<ClusterStatus> {
  const record = runningInstance(dataDir);
  if (!record) return { running: false };
  const { pid, version, apiUrl, consoleUrl, kubeconfig } = record;
  const known: ClusterStatus = { running: true, pid, version, consoleUrl, kubeconfig, ...(apiUrl ? { apiUrl } : {}) };
  try {
    const client = await clientFromKubeconfig(kubeconfig);
    return { ...known, ...(await countsOf(client)) };
  } catch (error) {
    return { ...known, problem: sentenceOf(error) };
  }
}

async function countsOf(client: KubeClient): Promise<Pick<ClusterStatus, 'nodes' | 'pods'>> {
  const [nodes, pods] = await Promise.all([client.list(resources.nodes), client.list(resources.pods)]);
  return {
    nodes: { ready: nodes.items.filter(isReady).length, total: nodes.items.length },
    pods: { running: pods.items.filter((pod) => pod.status?.phase === 'Running').length, total: pods.items.length },
  };
}

function isReady(object: KubeObject): boolean {
  const { conditions } = (object.status ?? {}) as { conditions?: Condition[] };
  return conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}
