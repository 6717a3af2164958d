import { type ConfigMap, type Namespace, resources } from '@berth/kube/objects';
import type { Outcome, Reconciler } from '@berth/kube/reconcile';

const rootCaName = 'kube-root-ca.crt';

function isActive(namespace: Namespace): boolean {
  return namespace.metadata.deletionTimestamp === undefined && namespace.status?.phase !== 'Terminating';
}

/** Every namespace has an account `default`, which pods use that name no other. */
export const serviceAccountController: Reconciler<Namespace> = {
  name: 'service-account-controller',
  resource: resources.namespaces,
  watches: [
    {
      resource: resources.serviceAccounts,
      concerns: ({ metadata }) =>
        metadata.name === 'default' && metadata.namespace ? [{ name: metadata.namespace }] : [],
    },
  ],
  reconcile(namespace: Namespace, view): Outcome {
    const key = { namespace: namespace.metadata.name, name: 'default' };
    if (!isActive(namespace) || view.get(resources.serviceAccounts, key)) return { actions: [] };
    const object = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: key };
    return { actions: [{ type: 'create', resource: resources.serviceAccounts, object }] };
  },
};

/** Every namespace has the certificate that the API server is to be trusted by. `ca` is PEM. */
export function rootCaController(ca: string): Reconciler<Namespace> {
  return {
    name: 'root-ca-certificate-publisher',
    resource: resources.namespaces,
    watches: [
      {
        resource: resources.configMaps,
        concerns: ({ metadata }) =>
          metadata.name === rootCaName && metadata.namespace ? [{ name: metadata.namespace }] : [],
      },
    ],
    reconcile(namespace: Namespace, view): Outcome {
      const key = { namespace: namespace.metadata.name, name: rootCaName };
      if (!isActive(namespace)) return { actions: [] };
      const present = view.get(resources.configMaps, key);
      const data = { 'ca.crt': ca };
      if (!present) {
        const object: ConfigMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: key, data };
        return { actions: [{ type: 'create', resource: resources.configMaps, object }] };
      }
      if (present.data?.['ca.crt'] === ca && Object.keys(present.data).length === 1) return { actions: [] };
      return { actions: [{ type: 'update', resource: resources.configMaps, object: { ...present, data } }] };
    },
  };
}
