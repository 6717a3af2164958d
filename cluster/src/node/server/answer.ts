import type { Pod } from '@berth/kube/objects';
import type { NodeAnswer } from '../../api/nodes/index.ts';
import type { NodeSample } from '../stats/index.ts';
import { agentMetrics, type OwnProcess, podList } from './agent-metrics.ts';
import { cadvisorMetrics } from './cadvisor-metrics.ts';
import { exposition, expositionType, type Family, type Series } from './exposition.ts';
import { resourceMetrics } from './resource-metrics.ts';
import { type Rates, summary } from './summary.ts';

/** What an agent knows and tells at its port. */
export interface AgentFacts {
  /** `v1.35.0+berth` */
  version: string;
  sample(): Promise<NodeSample>;
  rates: Rates;
  pods(): readonly Pod[];
  /** The series of `prober_probe_total`. */
  probes(): readonly Series[];
  process(): OwnProcess;
}

const json = (body: object): NodeAnswer => ({ code: 200, type: 'application/json', body: JSON.stringify(body) });
const metrics = (families: readonly Family[]): NodeAnswer => ({
  code: 200,
  type: expositionType,
  body: exposition(families),
});
const text = (code: number, body: string): NodeAnswer => ({ code, type: 'text/plain; charset=utf-8', body });

/**
 * What a node's agent answers to a GET of a path, its query included, as kubelet does at port 10250. Source: kubelet's server, which
 * the documentation of "Node metrics data" and "Metrics for Kubernetes system components" describes.
 */
export async function answerOf(target: string, facts: AgentFacts): Promise<NodeAnswer> {
  const { pathname, searchParams } = new URL(target, 'https://node');
  switch (pathname) {
    case '/healthz':
    case '/healthz/ping':
    case '/healthz/syncloop':
      return text(200, 'ok');
    case '/pods':
    case '/pods/':
      return json(podList(facts.pods()));
    case '/metrics':
      return metrics(agentMetrics(await facts.sample(), { version: facts.version, own: facts.process() }));
    case '/metrics/cadvisor':
      return metrics(cadvisorMetrics(await facts.sample()));
    case '/metrics/resource':
      return metrics(resourceMetrics(await facts.sample()));
    case '/metrics/probes':
      return metrics([
        {
          name: 'prober_probe_total',
          help: '[BETA] Cumulative number of a liveness, readiness or startup probe for a container by result.',
          type: 'counter',
          series: facts.probes(),
        },
      ]);
    case '/stats/summary':
    case '/stats/summary/': {
      const only = searchParams.get('only_cpu_and_memory') === 'true';
      return json(summary(await facts.sample(), facts.rates, only));
    }
    default:
      return text(404, '404 page not found\n');
  }
}
