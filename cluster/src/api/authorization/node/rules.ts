import type { Rule } from '@berth/kube/rbac';
import { on, read } from '../shorthand.ts';

/**
 * What nodes may do as far as it depends on nothing but the kind, and the rules of the role `system:node`, which nobody is bound to.
 * Source: kube-apiserver v1.35 `bootstrappolicy.NodeRules`.
 */
export const nodeRules: readonly Rule[] = [
  on('authentication.k8s.io', 'tokenreviews', ['create']),
  on('authorization.k8s.io', 'subjectaccessreviews localsubjectaccessreviews', ['create']),
  on('core', 'services', read),
  on('core', 'nodes', ['create', ...read, 'update', 'patch']),
  on('core', 'nodes/status pods/status', ['update', 'patch']),
  on('core events.k8s.io', 'events', ['create', 'update', 'patch']),
  on('core', 'pods', [...read, 'create', 'delete']),
  on('core', 'pods/eviction serviceaccounts/token', ['create']),
  on('core', 'secrets configmaps', read),
  on('core', 'persistentvolumeclaims persistentvolumes endpoints serviceaccounts', ['get']),
  on('core', 'persistentvolumeclaims/status', ['get', 'update', 'patch']),
  on('certificates.k8s.io', 'certificatesigningrequests', ['create', ...read]),
  on('coordination.k8s.io', 'leases', ['get', 'create', 'update', 'patch', 'delete']),
  on('storage.k8s.io', 'volumeattachments', ['get']),
  on('storage.k8s.io', 'csidrivers', read),
  on('storage.k8s.io', 'csinodes', ['get', 'create', 'update', 'patch', 'delete']),
  on('node.k8s.io', 'runtimeclasses', read),
  on('resource.k8s.io', 'resourceclaims', ['get']),
  on('resource.k8s.io', 'resourceslices', ['deletecollection']),
];
