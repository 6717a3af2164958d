import type { Pod } from '@berth/kube/objects';
import { ReferenceLink } from '../components/link.tsx';
import {
  ageColumn,
  figureColumn,
  nameColumn,
  namespaceColumn,
  ownerColumn,
  statusColumn,
  textColumn,
} from './columns.tsx';
import { fact } from './facts.tsx';
import { podHealth, readyContainers, restartsOf } from './pod-health.ts';
import { kinds } from './resources.ts';
import { addressIn, type KindView } from './view.ts';

const nodeReference = (name: string | undefined) => ({ apiVersion: 'v1', kind: 'Node', name });

export const podView: KindView<Pod> = {
  resource: kinds.pods,
  path: '/pods',
  title: 'kind.pods',
  health: podHealth,
  columns: [
    nameColumn(addressIn('/pods')),
    namespaceColumn(),
    statusColumn(podHealth),
    figureColumn(
      'ready',
      'column.ready',
      (pod) => {
        const { ready, total } = readyContainers(pod);
        return total === 0 ? 1 : ready / total;
      },
      {
        min: 64,
        cell: (pod) => {
          const { ready, total } = readyContainers(pod);
          return `${ready}/${total}`;
        },
      },
    ),
    figureColumn('restarts', 'column.restarts', restartsOf, { min: 92 }),
    textColumn('node', 'column.node', (pod) => pod.spec?.nodeName, {
      rank: 4,
      min: 120,
      cell: (pod) =>
        pod.spec?.nodeName && <ReferenceLink reference={nodeReference(pod.spec.nodeName)} withKind={false} />,
    }),
    textColumn('podIp', 'column.podIp', (pod) => pod.status?.podIP, { rank: 6, mono: true, min: 116 }),
    { ...ownerColumn<Pod>(), optional: true },
    ageColumn(),
  ],
  facts: ({ spec, status, metadata }) => [
    ...fact('fact.node', spec?.nodeName && <ReferenceLink reference={nodeReference(spec.nodeName)} withKind={false} />),
    ...fact('fact.podIp', status?.podIPs?.map((one) => one.ip).join(', ') ?? status?.podIP, { mono: true }),
    ...fact('fact.hostIp', status?.hostIP, { mono: true }),
    ...fact(
      'fact.serviceAccount',
      spec?.serviceAccountName && (
        <ReferenceLink
          reference={{
            apiVersion: 'v1',
            kind: 'ServiceAccount',
            namespace: metadata.namespace,
            name: spec.serviceAccountName,
          }}
          withKind={false}
        />
      ),
    ),
    ...fact('fact.qos', status?.qosClass),
    ...fact('fact.restartPolicy', spec?.restartPolicy),
    ...fact('fact.priority', spec?.priorityClassName),
  ],
};
