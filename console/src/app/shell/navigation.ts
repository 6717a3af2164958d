import type { TextKey } from '../../i18n/text.ts';
import type { KindId } from '../../kinds/resources.ts';

export interface Place {
  to: string;
  label: TextKey;
  /** Shown only where the cluster serves it. */
  resource?: KindId;
}

export interface PlaceGroup {
  label?: TextKey;
  places: readonly Place[];
}

const list = (label: TextKey & `kind.${KindId}`): Place => {
  const resource = label.slice('kind.'.length) as KindId;
  return { to: `/${resource}`, label, resource };
};

/** The places by question; a place appears when the cluster serves what it shows. */
export const navigation: readonly PlaceGroup[] = [
  { places: [{ to: '/', label: 'nav.overview' }] },
  {
    label: 'nav.workloads',
    places: [
      list('kind.pods'),
      list('kind.deployments'),
      list('kind.replicasets'),
      list('kind.statefulsets'),
      list('kind.daemonsets'),
      list('kind.jobs'),
      list('kind.cronjobs'),
    ],
  },
  { label: 'nav.network', places: [list('kind.services'), list('kind.endpointslices'), list('kind.ingresses')] },
  { label: 'nav.storage', places: [list('kind.persistentvolumeclaims'), list('kind.persistentvolumes')] },
  {
    label: 'nav.configuration',
    places: [list('kind.configmaps'), list('kind.secrets'), list('kind.serviceaccounts')],
  },
  {
    label: 'nav.cluster',
    places: [
      list('kind.nodes'),
      list('kind.namespaces'),
      list('kind.events'),
      { to: '/explorer', label: 'nav.explorer' },
    ],
  },
];
