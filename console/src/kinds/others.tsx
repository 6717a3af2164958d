import type { ConfigMap, EndpointSlice, KubeObject, Secret, ServiceAccount } from '@berth/kube/objects';
import type { ServedResource } from '../api/resource.ts';
import { ageColumn, figureColumn, nameColumn, namespaceColumn, statusColumn, textColumn } from './columns.tsx';
import { fact } from './facts.tsx';
import { genericHealth } from './health.ts';
import { kinds } from './resources.ts';
import { addressIn, type KindView } from './view.ts';

interface Volume extends KubeObject {
  spec?: {
    storageClassName?: string;
    resources?: { requests?: { storage?: string } };
    capacity?: { storage?: string };
    rules?: { host?: string }[];
    ingressClassName?: string;
  };
}

const common = <T extends KubeObject>(path: string) => [nameColumn<T>(addressIn(path)), namespaceColumn<T>()];
const storage = (object: KubeObject) => {
  const { spec } = object as Volume;
  return spec?.capacity?.storage ?? spec?.resources?.requests?.storage;
};
const storageClass = (object: KubeObject) => (object as Volume).spec?.storageClassName;
const hosts = (object: KubeObject) => (object as Volume).spec?.rules?.flatMap((rule) => rule.host ?? []).join(', ');
const ingressClass = (object: KubeObject) => (object as Volume).spec?.ingressClassName;

export const configMapView: KindView<ConfigMap> = {
  resource: kinds.configmaps,
  path: '/configmaps',
  title: 'kind.configmaps',
  columns: [
    ...common<ConfigMap>('/configmaps'),
    figureColumn('entries', 'column.entries', ({ data, binaryData }) => countOf(data) + countOf(binaryData)),
    ageColumn(),
  ],
};

export const secretView: KindView<Secret> = {
  resource: kinds.secrets,
  path: '/secrets',
  title: 'kind.secrets',
  columns: [
    ...common<Secret>('/secrets'),
    textColumn('type', 'column.type', (secret) => secret.type, { grow: 2, mono: true }),
    figureColumn('entries', 'column.entries', ({ data }) => countOf(data)),
    ageColumn(),
  ],
  facts: (secret) => fact('fact.type', secret.type, { mono: true }),
};

export const serviceAccountView: KindView<ServiceAccount> = {
  resource: kinds.serviceaccounts,
  path: '/serviceaccounts',
  title: 'kind.serviceaccounts',
  columns: [...common<ServiceAccount>('/serviceaccounts'), ageColumn()],
};

export const endpointSliceView: KindView<EndpointSlice> = {
  resource: kinds.endpointslices,
  path: '/endpointslices',
  title: 'kind.endpointslices',
  columns: [
    ...common<EndpointSlice>('/endpointslices'),
    textColumn('type', 'column.type', (slice) => slice.addressType),
    textColumn('ports', 'column.ports', (slice) => slice.ports?.map((port) => String(port.port ?? '')).join(', '), {
      mono: true,
    }),
    textColumn(
      'endpoints',
      'column.endpoints',
      (slice) => (slice.endpoints ?? []).flatMap((one) => one.addresses).join(', '),
      {
        mono: true,
        grow: 3,
      },
    ),
    ageColumn(),
  ],
};

export const ingressView: KindView = {
  resource: kinds.ingresses,
  path: '/ingresses',
  title: 'kind.ingresses',
  columns: [
    ...common('/ingresses'),
    textColumn('class', 'column.class', ingressClass),
    textColumn('hosts', 'column.hosts', hosts, { mono: true, grow: 3, rank: 0 }),
    ageColumn(),
  ],
  facts: (object) => [
    ...fact('column.class', ingressClass(object)),
    ...fact('column.hosts', hosts(object), { mono: true }),
  ],
};

export const volumeClaimView: KindView = volumeView('persistentvolumeclaims');
export const volumeObjectView: KindView = volumeView('persistentvolumes');

function volumeView(id: 'persistentvolumeclaims' | 'persistentvolumes'): KindView {
  return {
    resource: kinds[id],
    path: `/${id}`,
    title: id === 'persistentvolumes' ? 'kind.persistentvolumes' : 'kind.persistentvolumeclaims',
    health: genericHealth,
    columns: [
      ...common(`/${id}`).slice(0, id === 'persistentvolumes' ? 1 : 2),
      statusColumn(genericHealth),
      figureColumn('capacity', 'column.capacity', storage),
      textColumn('class', 'column.class', storageClass),
      ageColumn(),
    ],
    facts: (object) => [...fact('column.capacity', storage(object)), ...fact('column.class', storageClass(object))],
  };
}

/** The view of a kind that is known from discovery alone. */
export function discoveredView(resource: ServedResource): KindView {
  const path = `/explorer/${resource.group || 'core'}/${resource.version}/${resource.resource}`;
  return {
    resource,
    path,
    title: { text: resource.kind },
    health: genericHealth,
    columns: [
      nameColumn(addressIn(path)),
      ...(resource.namespaced ? [namespaceColumn()] : []),
      statusColumn(genericHealth),
      ageColumn(),
    ],
  };
}

function countOf(entries: object | undefined): number {
  return Object.keys(entries ?? {}).length;
}
