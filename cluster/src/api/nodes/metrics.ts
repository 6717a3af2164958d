import { BerthError } from '@berth/kube/errors';
import type { KubeObject, Node, Pod } from '@berth/kube/objects';
import { kindFor } from '@berth/kube/schema';
import { type ServedKind, servedKind } from '../kinds.ts';
import { objectKey, resourcePrefix } from '../storage/keys.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import { timestamp } from '../verbs/time.ts';
import type { NodeAccessHolder, PodUse, Use } from './types.ts';

const nodesPrefix = resourcePrefix('', 'nodes');
const podsPrefix = resourcePrefix('', 'pods');

/** `nodes` and `pods` of `metrics.k8s.io/v1beta1`, as metrics-server has them: made for each request of what the agents know. */
export function measuredKinds(parts: { storage: ObjectStorage; nodes: NodeAccessHolder; now(): Date }): ServedKind[] {
  const { storage, nodes } = parts;
  const under = (prefix: string) => storage.list(prefix).map(({ object }) => object);
  return [
    served('nodes', {
      list() {
        const found = under(nodesPrefix).filter(speaks);
        const uses = nodes.current?.nodeUse(found.map(({ metadata }) => metadata.name));
        return found.flatMap((node) => {
          const use = uses?.get(node.metadata.name);
          return use ? [{ ...head('NodeMetrics', node, use, parts.now()), usage: quantities(use) }] : [];
        });
      },
      missing: (_, name) => missing('nodemetrics', name),
    }),
    served('pods', {
      list(namespace) {
        return under(namespace === '' ? podsPrefix : `${podsPrefix}${namespace}/`).flatMap((object) => {
          const pod = object as Pod;
          const node = storage.get(objectKey(nodesPrefix, undefined, pod.spec?.nodeName ?? ''));
          const use =
            pod.status?.phase === 'Running' && node && speaks(node.object) ? nodes.current?.podUse(pod) : undefined;
          if (!use || use.containers.length === 0) return [];
          const containers = use.containers.map((one) => ({ name: one.name, usage: quantities(one) }));
          return [{ ...head('PodMetrics', pod, use, parts.now()), containers }];
        });
      },
      missing: (namespace, name) => missing('podmetrics', `${namespace}/${name}`),
    }),
  ];
}

/** One of which nothing was heard for long is not known to use anything. */
function speaks(node: KubeObject): boolean {
  return (node as Node).status?.conditions?.find(({ type }) => type === 'Ready')?.status !== 'Unknown';
}

function served(resource: string, computed: ServedKind['computed']): ServedKind {
  const description = kindFor({ group: 'metrics.k8s.io', version: 'v1beta1', resource });
  if (!description) throw new Error(`metrics.k8s.io/v1beta1 has no ${resource}`);
  return { ...servedKind(description), ...(computed ? { computed } : {}) };
}

function head(kind: string, { metadata }: KubeObject, { at, window }: Pick<Use | PodUse, 'at' | 'window'>, now: Date) {
  const { name, namespace, labels } = metadata;
  return {
    apiVersion: 'metrics.k8s.io/v1beta1',
    kind,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      creationTimestamp: timestamp(now),
      ...(labels === undefined ? {} : { labels }),
    },
    timestamp: timestamp(new Date(at)),
    window: goDuration(window),
  };
}

/** As Go writes a duration of milliseconds: `1m2.5s`. */
function goDuration(milliseconds: number): string {
  const minutes = Math.floor(milliseconds / 60_000);
  return `${minutes > 0 ? `${minutes}m` : ''}${(milliseconds % 60_000) / 1000}s`;
}

/** In the units of metrics-server, which tools that read without a library rely on. */
const quantities = ({ cpuNanocores, memoryBytes }: Pick<Use, 'cpuNanocores' | 'memoryBytes'>) => ({
  cpu: `${Math.round(cpuNanocores)}n`,
  memory: `${Math.floor(memoryBytes / 1024)}Ki`,
});

function missing(resource: string, name: string): BerthError {
  const details = { name, group: 'metrics.k8s.io', kind: resource };
  return new BerthError('NotFound', `${resource}.metrics.k8s.io "${name}" not found`, { details });
}
