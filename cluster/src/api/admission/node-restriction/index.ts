import type { Authorizer } from '../../authorization/authorizer.ts';
import { nodeOf } from '../../authorization/node/index.ts';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import { checkClaimStatus } from './claims.ts';
import { checkNode } from './nodes.ts';
import { checkCsiNode, checkLease, checkResourceSlice } from './own-objects.ts';
import { checkPod, checkPodEviction, checkPodStatus } from './pods.ts';
import { refuse } from './refuse.ts';
import { checkSigningRequest } from './signing-requests.ts';
import { checkToken } from './tokens.ts';

type Check = (node: string, request: AdmissionRequest) => void | Promise<void>;

/**
 * Of what nodes may write, each writes its own: its Node and lease, the pods that are bound to it, tokens for those. What the Node authorizer
 * cannot see, since it knows no bodies, is judged here. Source: kube-apiserver v1.35 `plugin/pkg/admission/noderestriction`, with the
 * features that are on by default.
 */
export function nodeRestriction(
  storage: Pick<ObjectStorage, 'get'>,
  authorizer: Authorizer,
): AdmissionPlugin & Required<Pick<AdmissionPlugin, 'admit'>> {
  const pods = new Map<string, Check>([
    ['', (node, request) => checkPod(storage, node, request)],
    ['status', checkPodStatus],
    ['eviction', (node, request) => checkPodEviction(storage, node, request)],
  ]);
  const checks = new Map<string, Check>([
    ['/pods', (node, request) => (pods.get(request.subresource) ?? refusePart)(node, request)],
    ['/nodes', checkNode],
    ['/persistentvolumeclaims', checkClaimStatus],
    ['/serviceaccounts', (node, request) => checkToken({ storage, authorizer }, node, request)],
    ['coordination.k8s.io/leases', checkLease],
    ['storage.k8s.io/csinodes', checkCsiNode],
    ['resource.k8s.io/resourceslices', checkResourceSlice],
    ['certificates.k8s.io/certificatesigningrequests', checkSigningRequest],
    [
      'certificates.k8s.io/podcertificaterequests',
      (_node, request) => refuse(request, 'PodCertificateRequest feature gate is disabled'),
    ],
  ]);
  return {
    name: 'NodeRestriction',
    admit(request) {
      const { user, kind } = request.call;
      const node = nodeOf(user);
      if (node === undefined || request.operation === 'CONNECT') return undefined;
      if (node === '') return refuse(request, `could not determine node from user ${JSON.stringify(user.name)}`);
      const { group, resource } = kind.description;
      // Also what the write does not reach tells what its sender is after.
      const { sent, isChanged } = request;
      const shown = sent && !isChanged ? { ...request, object: sent } : request;
      return checks.get(`${group}/${resource}`)?.(node, shown);
    },
  };
}

function refusePart(_node: string, request: AdmissionRequest): void {
  const part = JSON.stringify(request.subresource);
  refuse(request, `unexpected pod subresource ${part}, only 'status' and 'eviction' are allowed`);
}
