import { namespaceView, nodeView, serviceView } from './cluster.tsx';
import { cronJobView, jobView } from './jobs.tsx';
import {
  configMapView,
  endpointSliceView,
  ingressView,
  secretView,
  serviceAccountView,
  volumeClaimView,
  volumeObjectView,
} from './others.tsx';
import { podView } from './pods.tsx';
import type { KindId } from './resources.ts';
import type { KindView } from './view.ts';
import { daemonSetView, deploymentView, replicaSetView, statefulSetView } from './workloads.tsx';

/**
 * The views by the first segment of their address. A view is only ever given objects that were read from its own
 * resource, so the registry may forget which type each takes.
 */
export const views = {
  pods: podView,
  deployments: deploymentView,
  replicasets: replicaSetView,
  statefulsets: statefulSetView,
  daemonsets: daemonSetView,
  jobs: jobView,
  cronjobs: cronJobView,
  services: serviceView,
  endpointslices: endpointSliceView,
  ingresses: ingressView,
  persistentvolumeclaims: volumeClaimView,
  persistentvolumes: volumeObjectView,
  configmaps: configMapView,
  secrets: secretView,
  serviceaccounts: serviceAccountView,
  nodes: nodeView,
  namespaces: namespaceView,
} as unknown as Record<Exclude<KindId, 'events'>, KindView>;

export type ViewId = keyof typeof views;

export function isViewId(text: string | undefined): text is ViewId {
  return text !== undefined && Object.hasOwn(views, text);
}
