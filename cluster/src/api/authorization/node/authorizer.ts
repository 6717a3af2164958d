import { allows } from '@berth/kube/rbac';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import type { User } from '../../types.ts';
import type { Attributes, Authorizer, Decision, ResourceAttributes } from '../authorizer.ts';
import { NodeGraph, type Related } from './graph.ts';
import { nodeOf } from './identity.ts';
import { nodeRules } from './rules.ts';

const allowed: Decision = { allowed: true, reason: '' };
const denied = (reason = ''): Decision => ({ allowed: false, reason });

const leaseNamespace = 'kube-node-lease';
const reads = ['get', 'list', 'watch'];
const ownWrites = ['get', 'create', 'update', 'patch', 'delete'];

type Judge = (attributes: ResourceAttributes, node: string) => Decision;

/**
 * What the agent of a node may do: what its node, and the pods that are bound to it, need. Only a part of it can be said here; what an agent
 * may write into what it may write is for `nodeRestriction`. Source: kube-apiserver v1.35 `plugin/pkg/auth/authorizer/node`, with the
 * features that are on by default; KEP-4601 for selectors.
 */
export class NodeAuthorizer implements Authorizer {
  readonly #storage: Pick<ObjectStorage, 'list' | 'listen'>;
  #graph: NodeGraph | undefined;
  /** By `group/resource`: what is not judged by rules alone. */
  readonly #judges: ReadonlyMap<string, Judge>;

  constructor(storage: Pick<ObjectStorage, 'list' | 'listen'>) {
    this.#storage = storage;
    this.#judges = new Map<string, Judge>([
      ['/secrets', (asked, node) => this.#readNamespaced(asked, node, 'secrets')],
      ['/configmaps', (asked, node) => this.#readNamespaced(asked, node, 'configmaps')],
      ['/persistentvolumeclaims', (asked, node) => this.#claim(asked, node)],
      ['/persistentvolumes', (asked, node) => this.#get(asked, node, 'persistentvolumes')],
      ['/serviceaccounts', (asked, node) => this.#serviceAccount(asked, node)],
      ['/nodes', judgeNode],
      ['/pods', (asked, node) => this.#pod(asked, node)],
      ['resource.k8s.io/resourceclaims', (asked, node) => this.#get(asked, node, 'resourceclaims')],
      ['resource.k8s.io/resourceslices', (asked, node) => this.#resourceSlice(asked, node)],
      ['storage.k8s.io/volumeattachments', (asked, node) => this.#get(asked, node, 'volumeattachments')],
      ['storage.k8s.io/csinodes', judgeCsiNode],
      ['coordination.k8s.io/leases', judgeLease],
      ['certificates.k8s.io/podcertificaterequests', () => denied()],
    ]);
  }

  authorize(user: User, attributes: Attributes): Decision {
    const node = nodeOf(user);
    if (node === undefined) return denied();
    if (node === '') return denied(`unknown node for user ${JSON.stringify(user.name)}`);
    const judge = 'path' in attributes ? undefined : this.#judges.get(`${attributes.group}/${attributes.resource}`);
    if (judge) return judge(attributes as ResourceAttributes, node);
    return nodeRules.some((rule) => allows(rule, attributes)) ? allowed : denied();
  }

  #related({ namespace, name }: ResourceAttributes, node: string, related: Related): Decision {
    if (name === '') return denied('No Object name found');
    // Where no node speaks for itself nobody has to keep it.
    this.#graph ??= new NodeGraph(this.#storage);
    if (this.#graph.relates(node, related, namespace, name)) return allowed;
    return denied(`no relationship found between node '${node}' and this object`);
  }

  #get(asked: ResourceAttributes, node: string, related: Related): Decision {
    if (asked.verb !== 'get') return denied('can only get individual resources of this type');
    if (asked.subresource !== '') return denied('cannot get subresource');
    return this.#related(asked, node, related);
  }

  #readNamespaced(asked: ResourceAttributes, node: string, related: Related): Decision {
    if (!reads.includes(asked.verb)) return denied('can only read resources of this type');
    if (asked.subresource !== '') return denied('cannot read subresource');
    if (asked.namespace === '') return denied('can only read namespaced object of this type');
    return this.#related(asked, node, related);
  }

  #claim(asked: ResourceAttributes, node: string): Decision {
    if (asked.subresource !== 'status') return this.#get(asked, node, 'persistentvolumeclaims');
    if (asked.verb !== 'update' && asked.verb !== 'patch') return denied('can only get/update/patch this type');
    return this.#related(asked, node, 'persistentvolumeclaims');
  }

  #serviceAccount(asked: ResourceAttributes, node: string): Decision {
    const { verb, subresource, name } = asked;
    if (verb === 'get' && subresource === '') return this.#readNamespaced(asked, node, 'serviceaccounts');
    if (verb !== 'create' || name === '') return denied('can only create tokens for individual service accounts');
    if (subresource !== 'token') return denied('can only create token subresource of serviceaccount');
    return this.#related(asked, node, 'serviceaccounts');
  }

  #pod(asked: ResourceAttributes, node: string): Decision {
    const { verb, subresource, name } = asked;
    if (subresource === 'status') return verb === 'update' || verb === 'patch' ? allowed : denied();
    if (subresource === 'eviction') return verb === 'create' ? allowed : denied();
    if (subresource !== '') return denied();
    if (verb === 'create' || verb === 'delete') return allowed;
    if (verb === 'get') return this.#get(asked, node, 'pods');
    if (!reads.includes(verb)) return denied();
    if (selectsOnly(asked, node)) return allowed;
    if (name !== '') return this.#related(asked, node, 'pods');
    return denied('can only list/watch pods with spec.nodeName field selector');
  }

  #resourceSlice(asked: ResourceAttributes, node: string): Decision {
    if (asked.subresource !== '') return denied('cannot authorize ResourceSlice subresources');
    switch (asked.verb) {
      case 'create':
        return allowed;
      case 'get':
      case 'update':
      case 'patch':
      case 'delete':
        return this.#related(asked, node, 'resourceslices');
      case 'watch':
      case 'list':
      case 'deletecollection':
        if (selectsOnly(asked, node)) return allowed;
        return denied('can only list/watch/deletecollection resourceslices with nodeName field selector');
      default:
        return denied(
          'only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection',
        );
    }
  }
}

/** Whether nothing is asked about but what is on the node. */
function selectsOnly({ fieldSelector = [] }: ResourceAttributes, node: string): boolean {
  return fieldSelector.some(
    ({ field, operator, value }) => field === 'spec.nodeName' && operator === '=' && value === node,
  );
}

function judgeNode({ verb, subresource, name }: ResourceAttributes, node: string): Decision {
  const isUpdate = verb === 'update' || verb === 'patch';
  if (subresource === 'status') return isUpdate ? allowed : denied();
  if (subresource !== '') return denied();
  if (isUpdate || verb === 'create') return allowed;
  if (!reads.includes(verb)) return denied();
  // By its name: an agent looks for its Node before it makes it.
  if (name === node) return allowed;
  return denied(
    name === ''
      ? `node '${node}' cannot read all nodes, only its own Node object`
      : `node '${node}' cannot read '${name}', only its own Node object`,
  );
}

function judgeLease({ verb, namespace, name }: ResourceAttributes, node: string): Decision {
  if (!ownWrites.includes(verb)) return denied('can only get, create, update, patch, or delete a node lease');
  if (namespace !== leaseNamespace) {
    return denied(`can only access leases in the ${JSON.stringify(leaseNamespace)} system namespace`);
  }
  // What is to be made has no name yet.
  if (verb === 'create' || name === node) return allowed;
  return denied('can only access node lease with the same name as the requesting node');
}

function judgeCsiNode({ verb, subresource, name }: ResourceAttributes, node: string): Decision {
  if (!ownWrites.includes(verb)) return denied('can only get, create, update, patch, or delete a CSINode');
  if (subresource !== '') return denied('cannot authorize CSINode subresources');
  if (verb === 'create' || name === node) return allowed;
  return denied('can only access CSINode with the same name as the requesting node');
}
