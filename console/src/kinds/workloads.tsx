import type { DaemonSet, Deployment, KubeObject, ReplicaSet, StatefulSet } from '@berth/kube/objects';
import { MiddleCut } from '../components/middle-cut.tsx';
import { Pairs } from '../components/pairs.tsx';
import { ReadyOf } from '../components/ready-of.tsx';
import {
  ageColumn,
  figureColumn,
  nameColumn,
  namespaceColumn,
  ownerColumn,
  statusColumn,
  textColumn,
} from './columns.tsx';
import { fact, imagesOf } from './facts.tsx';
import { kinds } from './resources.ts';
import { addressIn, type Fact, type KindView, type LabelSelector } from './view.ts';
import { daemonSetHealth, deploymentHealth, replicaSetHealth, statefulSetHealth } from './workload-health.ts';

type Templated = KubeObject & { spec?: { template?: Parameters<typeof imagesOf>[0]; selector?: LabelSelector } };

const images = (object: KubeObject) => imagesOf((object as Templated).spec?.template);
const imageText = (object: KubeObject) => images(object).join(', ');
const imagesColumn = () =>
  textColumn('images', 'column.images', imageText, {
    grow: 2,
    rank: 5,
    min: 140,
    // The end of an image's name tells versions apart.
    cell: (object) => (
      <span className="mono">
        <MiddleCut text={imageText(object)} />
      </span>
    ),
  });

function templateFacts(object: KubeObject): Fact[] {
  const selector = (object as Templated).spec?.selector?.matchLabels;
  return [
    ...fact('fact.images', images(object).join(', '), { mono: true }),
    ...fact('fact.selector', selector && <Pairs pairs={selector} />),
  ];
}

const fraction = (ready: number | undefined, desired: number | undefined) => `${ready ?? 0}/${desired ?? 0}`;

export const deploymentView: KindView<Deployment> = {
  resource: kinds.deployments,
  path: '/deployments',
  title: 'kind.deployments',
  health: deploymentHealth,
  columns: [
    nameColumn(addressIn('/deployments')),
    namespaceColumn(),
    statusColumn(deploymentHealth),
    figureColumn('ready', 'column.ready', ({ status }) => status?.readyReplicas ?? 0, {
      cell: ({ spec, status }) => fraction(status?.readyReplicas, spec?.replicas ?? 1),
    }),
    figureColumn('upToDate', 'column.upToDate', ({ status }) => status?.updatedReplicas ?? 0, { rank: 6 }),
    figureColumn('available', 'column.available', ({ status }) => status?.availableReplicas ?? 0, { rank: 6 }),
    imagesColumn(),
    ageColumn(),
  ],
  facts: (deployment) => [
    ...fact(
      'fact.replicas',
      <ReadyOf ready={deployment.status?.readyReplicas} desired={deployment.spec?.replicas ?? 1} />,
    ),
    ...fact('fact.strategy', deployment.spec?.strategy?.type),
    ...fact('fact.revision', deployment.metadata.annotations?.['deployment.kubernetes.io/revision']),
    ...templateFacts(deployment),
  ],
  podsOf: ({ metadata, spec }) => ({ namespace: metadata.namespace, labels: (spec?.selector ?? {}) as LabelSelector }),
};

export const replicaSetView: KindView<ReplicaSet> = {
  resource: kinds.replicasets,
  path: '/replicasets',
  title: 'kind.replicasets',
  health: replicaSetHealth,
  columns: [
    nameColumn(addressIn('/replicasets')),
    namespaceColumn(),
    statusColumn(replicaSetHealth),
    figureColumn('desired', 'column.desired', ({ spec }) => spec?.replicas ?? 1),
    figureColumn('ready', 'column.ready', ({ status }) => status?.readyReplicas ?? 0),
    ownerColumn(),
    { ...imagesColumn(), rank: 6 },
    ageColumn(),
  ],
  facts: (set) => [
    ...fact('fact.replicas', <ReadyOf ready={set.status?.readyReplicas} desired={set.spec?.replicas ?? 1} />),
    ...fact('fact.revision', set.metadata.annotations?.['deployment.kubernetes.io/revision']),
    ...templateFacts(set),
  ],
  podsOf: ({ metadata }) => ({ namespace: metadata.namespace, ownerUid: metadata.uid }),
};

export const statefulSetView: KindView<StatefulSet> = {
  resource: kinds.statefulsets,
  path: '/statefulsets',
  title: 'kind.statefulsets',
  health: statefulSetHealth,
  columns: [
    nameColumn(addressIn('/statefulsets')),
    namespaceColumn(),
    statusColumn(statefulSetHealth),
    figureColumn('ready', 'column.ready', ({ status }) => status?.readyReplicas ?? 0, {
      cell: ({ spec, status }) => fraction(status?.readyReplicas, spec?.replicas ?? 1),
    }),
    imagesColumn(),
    ageColumn(),
  ],
  facts: (set) => [
    ...fact('fact.replicas', <ReadyOf ready={set.status?.readyReplicas} desired={set.spec?.replicas ?? 1} />),
    ...fact('fact.service', set.spec?.serviceName, { mono: true }),
    ...fact('fact.strategy', set.spec?.updateStrategy?.type),
    ...templateFacts(set),
  ],
  podsOf: ({ metadata }) => ({ namespace: metadata.namespace, ownerUid: metadata.uid }),
};

export const daemonSetView: KindView<DaemonSet> = {
  resource: kinds.daemonsets,
  path: '/daemonsets',
  title: 'kind.daemonsets',
  health: daemonSetHealth,
  columns: [
    nameColumn(addressIn('/daemonsets')),
    namespaceColumn(),
    statusColumn(daemonSetHealth),
    figureColumn('desired', 'column.desired', ({ status }) => status?.desiredNumberScheduled ?? 0),
    figureColumn('ready', 'column.ready', ({ status }) => status?.numberReady ?? 0),
    figureColumn('upToDate', 'column.upToDate', ({ status }) => status?.updatedNumberScheduled ?? 0, { rank: 6 }),
    imagesColumn(),
    ageColumn(),
  ],
  facts: (set) => [
    ...fact(
      'fact.replicas',
      <ReadyOf ready={set.status?.numberReady} desired={set.status?.desiredNumberScheduled ?? 0} />,
    ),
    ...fact('fact.strategy', set.spec?.updateStrategy?.type),
    ...templateFacts(set),
  ],
  podsOf: ({ metadata }) => ({ namespace: metadata.namespace, ownerUid: metadata.uid }),
};
