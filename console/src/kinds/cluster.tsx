import type { Namespace, Node, Service } from '@berth/kube/objects';
import { Bytes, Cores, Room } from '../components/amounts.tsx';
import { Pairs } from '../components/pairs.tsx';
import { parseQuantity } from '../format/quantity.ts';
import { ageColumn, figureColumn, nameColumn, namespaceColumn, statusColumn, textColumn } from './columns.tsx';
import { fact } from './facts.tsx';
import { genericHealth } from './health.ts';
import { addressOf, externalOf, nodeHealth, portsOf, rolesOf, serviceHealth } from './node-health.ts';
import { kinds } from './resources.ts';
import { addressIn, type KindView } from './view.ts';

type Quantity = string | number | undefined;
const amount = (node: Node, of: 'capacity' | 'allocatable', resource: string) =>
  (node.status?.[of] as Record<string, Quantity> | undefined)?.[resource];

export const nodeView: KindView<Node> = {
  resource: kinds.nodes,
  path: '/nodes',
  title: 'kind.nodes',
  health: nodeHealth,
  columns: [
    nameColumn(addressIn('/nodes')),
    statusColumn(nodeHealth),
    textColumn('roles', 'column.roles', (node) => rolesOf(node).join(', ')),
    textColumn('version', 'column.version', (node) => node.status?.nodeInfo?.kubeletVersion, { mono: true }),
    textColumn('address', 'column.address', (node) => addressOf(node, 'InternalIP'), { mono: true }),
    figureColumn('cpu', 'column.cpu', (node) => parseQuantity(amount(node, 'allocatable', 'cpu')), {
      cell: (node) => <Cores amount={amount(node, 'allocatable', 'cpu')} />,
    }),
    figureColumn('memory', 'column.memory', (node) => parseQuantity(amount(node, 'allocatable', 'memory')), {
      min: 96,
      cell: (node) => <Bytes amount={amount(node, 'allocatable', 'memory')} />,
    }),
    ageColumn(),
  ],
  facts: (node) => [
    ...fact('fact.roles', rolesOf(node).join(', ')),
    ...fact('fact.address', addressOf(node, 'InternalIP'), { mono: true }),
    ...fact('fact.cpu', <Room node={node} resource="cpu" />),
    ...fact('fact.memory', <Room node={node} resource="memory" />),
    ...fact('fact.podLimit', amount(node, 'allocatable', 'pods')),
    ...fact('fact.podRange', node.spec?.podCIDR, { mono: true }),
    ...fact('fact.version', node.status?.nodeInfo?.kubeletVersion, { mono: true }),
    ...fact('fact.runtime', node.status?.nodeInfo?.containerRuntimeVersion, { mono: true }),
    ...fact('fact.system', node.status?.nodeInfo?.osImage),
    ...fact('fact.kernel', node.status?.nodeInfo?.kernelVersion, { mono: true }),
    ...fact('fact.architecture', node.status?.nodeInfo?.architecture),
    ...fact(
      'fact.taints',
      node.spec?.taints
        ?.map((taint) => `${taint.key}${taint.value ? `=${taint.value}` : ''}:${taint.effect}`)
        .join(', '),
      {
        mono: true,
      },
    ),
  ],
  podsOf: ({ metadata }) => ({ nodeName: metadata.name }),
};

export const serviceView: KindView<Service> = {
  resource: kinds.services,
  path: '/services',
  title: 'kind.services',
  health: serviceHealth,
  columns: [
    nameColumn(addressIn('/services')),
    namespaceColumn(),
    textColumn('type', 'column.type', ({ spec }) => spec?.type ?? 'ClusterIP', { rank: 3 }),
    textColumn('clusterIp', 'column.clusterIp', ({ spec }) => spec?.clusterIP, { mono: true, min: 124, rank: 4 }),
    textColumn('external', 'column.external', externalOf, { mono: true, rank: 6 }),
    textColumn('ports', 'column.ports', portsOf, { mono: true, min: 130, grow: 2, rank: 0 }),
    textColumn('selector', 'column.selector', ({ spec }) => selectorText(spec?.selector), {
      mono: true,
      grow: 2,
      rank: 7,
    }),
    ageColumn(),
  ],
  facts: (service) => [
    ...fact('fact.type', service.spec?.type ?? 'ClusterIP'),
    ...fact('fact.clusterIp', service.spec?.clusterIPs?.join(', ') ?? service.spec?.clusterIP, { mono: true }),
    ...fact('fact.external', externalOf(service), { mono: true }),
    ...fact('fact.ports', portsOf(service), { mono: true }),
    ...fact('fact.affinity', service.spec?.sessionAffinity),
    ...fact('fact.selector', service.spec?.selector && <Pairs pairs={service.spec.selector} />),
  ],
  podsOf: ({ metadata, spec }) => {
    if (spec?.selector === undefined || Object.keys(spec.selector).length === 0) return undefined;
    return { namespace: metadata.namespace, labels: { matchLabels: spec.selector } };
  },
};

export const namespaceView: KindView<Namespace> = {
  resource: kinds.namespaces,
  path: '/namespaces',
  title: 'kind.namespaces',
  health: genericHealth,
  columns: [nameColumn(addressIn('/namespaces')), statusColumn(genericHealth), ageColumn()],
};

function selectorText(selector: Record<string, string> | undefined): string | undefined {
  return (
    selector &&
    Object.entries(selector)
      .map(([key, value]) => `${key}=${value}`)
      .join(', ')
  );
}
