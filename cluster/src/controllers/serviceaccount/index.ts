import { type Namespace, resources } from '@berth/kube/objects';
import type { Outcome, Reconciler } from '@berth/kube/reconcile';

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
