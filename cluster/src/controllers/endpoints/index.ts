import { type EndpointSlice, type Endpoints, type KubeObject, resources, type Service } from '@berth/kube/objects';
import type { Outcome, Reconciler, View, Watched } from '@berth/kube/reconcile';
import { labelSelectorOf, matchesLabels } from '@berth/kube/selectors';
import { keyOf } from '../status.ts';
import { endpointsActions, managedBy, managedByLabel } from './legacy.ts';
import { isOurs } from './select.ts';
import { serviceOf, sliceActions, slicesOf } from './slices.ts';

const pods: Watched = {
  resource: resources.pods,
  concerns(pod: KubeObject, view: View) {
    const { namespace = '', labels } = pod.metadata;
    return view
      .list(resources.services, { namespace })
      .filter((service) => isOurs(service))
      .filter((service) => matchesLabels(labelSelectorOf({ matchLabels: service.spec?.selector ?? {} }), labels))
      .map(keyOf);
  },
};

/** Keeps a service's EndpointSlices. Source: "EndpointSlices" of the Kubernetes documentation. */
export const endpointSliceController: Reconciler<Service> = {
  name: 'endpointslice-controller',
  resource: resources.services,
  watches: [
    pods,
    { resource: resources.nodes },
    {
      resource: resources.endpointSlices,
      concerns(slice) {
        const name = serviceOf(slice as EndpointSlice);
        return name === undefined ? [] : [{ namespace: slice.metadata.namespace ?? '', name }];
      },
    },
  ],
  reconcile(service: Service, view: View): Outcome {
    if (service.metadata.deletionTimestamp !== undefined) return { actions: [] };
    if (isOurs(service)) return { actions: sliceActions(service, view) };
    // It selected pods once: what was made for it then is not its own any more.
    const left = slicesOf(service, view);
    return {
      actions: left.map((slice) => ({ type: 'delete', resource: resources.endpointSlices, key: keyOf(slice) })),
    };
  },
};

/** Keeps a service's Endpoints, for clients that do not read slices yet. */
export const endpointsController: Reconciler<Service> = {
  name: 'endpoint-controller',
  resource: resources.services,
  watches: [pods, { resource: resources.endpoints, concerns: (endpoints) => [keyOf(endpoints)] }],
  reconcile(service: Service, view: View): Outcome {
    const ours = service.metadata.deletionTimestamp === undefined && isOurs(service);
    return { actions: ours ? endpointsActions(service, view) : [] };
  },
};

/** Endpoints have no owner reference, as in Kubernetes: they go by name when their service is gone. */
export const orphanedEndpointsController: Reconciler<Endpoints> = {
  name: 'endpoint-controller',
  resource: resources.endpoints,
  watches: [{ resource: resources.services, concerns: (service) => [keyOf(service)] }],
  reconcile(endpoints: Endpoints, view: View): Outcome {
    const { labels, uid } = endpoints.metadata;
    if (labels?.[managedByLabel] !== managedBy || view.get(resources.services, keyOf(endpoints)))
      return { actions: [] };
    const options = uid === undefined ? {} : { options: { preconditions: { uid } } };
    return { actions: [{ type: 'delete', resource: resources.endpoints, key: keyOf(endpoints), ...options }] };
  },
};
