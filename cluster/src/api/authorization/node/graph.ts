import type { KubeObject, PersistentVolume, Pod } from '@berth/kube/objects';
import { claimNamesOf } from '../../../claims/index.ts';
import { resourcePrefix } from '../../storage/keys.ts';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import type { ResourceEvent } from '../../storage/resource-event.ts';
import { type ClaimStatuses, configMapsOf, resourceClaimsOf, secretsOf, secretsOfPersistent } from './references.ts';
import { Tallies } from './tallies.ts';

/** What a node may have to do with. */
export type Related =
  | 'secrets'
  | 'configmaps'
  | 'persistentvolumeclaims'
  | 'persistentvolumes'
  | 'pods'
  | 'resourceclaims'
  | 'resourceslices'
  | 'serviceaccounts'
  | 'volumeattachments';

interface KnownPod {
  uid: string | undefined;
  node: string;
  ephemeralContainers: number;
  /** In JSON. */
  claimStatuses: string;
  /** Keys of what it refers to, each as often as it does. */
  references: readonly string[];
}

interface KnownVolume {
  claim: string;
  secrets: readonly string[];
}

const mirrorAnnotation = 'kubernetes.io/config.mirror';
const key = (related: Related, namespace: string, name: string) => `${related}/${namespace}/${name}`;
const inNamespace = (related: Related, namespaced: string) => `${related}/${namespaced}`;

/**
 * Which objects belong to which node, by the pods that are bound to it: node ← pod ← secret, config map, service account, claims; claim ←
 * volume ← secret. It is told of every change, and answers from an index: what a question costs does not grow with the cluster.
 * Source: kube-apiserver `plugin/pkg/auth/authorizer/node`.
 */
export class NodeGraph {
  readonly #pods = new Map<string, KnownPod>();
  readonly #volumes = new Map<string, KnownVolume>();
  /** By the keys of what pods refer to: of which nodes the pods are. */
  readonly #nodes = new Tallies();
  /** By nodes: the claims of their pods. */
  readonly #claims = new Tallies();
  /** By secrets: the claims of the volumes that name them. */
  readonly #claimsOfSecret = new Tallies();
  readonly #attachments = new Map<string, string>();
  readonly #slices = new Map<string, string>();

  /** Reads what is there, and is told of what comes. */
  constructor(storage: Pick<ObjectStorage, 'list' | 'listen'>) {
    const follow = (
      group: string,
      resource: string,
      change: (name: string, object: KubeObject | undefined) => void,
    ) => {
      const prefix = resourcePrefix(group, resource);
      const nameOf = ({ object }: ResourceEvent) => object.key.slice(prefix.length);
      storage.listen(prefix, (event) => change(nameOf(event), event.type === 'put' ? event.object.object : undefined));
      for (const stored of storage.list(prefix)) change(stored.key.slice(prefix.length), stored.object);
    };
    follow('', 'pods', (name, pod) => this.#changePod(name, pod as Pod | undefined));
    follow('', 'persistentvolumes', (name, volume) => this.#changeVolume(name, volume as PersistentVolume | undefined));
    follow('storage.k8s.io', 'volumeattachments', (name, object) => assign(this.#attachments, name, object));
    follow('resource.k8s.io', 'resourceslices', (name, object) => assign(this.#slices, name, object));
  }

  /** Whether the object (`namespace` '' for those without) has to do with the node. */
  relates(node: string, related: Related, namespace: string, name: string): boolean {
    switch (related) {
      case 'pods':
        return this.#pods.get(`${namespace}/${name}`)?.node === node;
      case 'volumeattachments':
        return namespace === '' && this.#attachments.get(name) === node;
      case 'resourceslices':
        return namespace === '' && this.#slices.get(name) === node;
      case 'persistentvolumes': {
        const volume = namespace === '' ? this.#volumes.get(name) : undefined;
        return volume !== undefined && this.#nodes.has(volume.claim, node);
      }
      case 'secrets': {
        const secret = key(related, namespace, name);
        return this.#nodes.has(secret, node) || this.#claimsOfSecret.share(secret, this.#claims, node);
      }
      default:
        return this.#nodes.has(key(related, namespace, name), node);
    }
  }

  #changePod(name: string, pod: Pod | undefined): void {
    const before = this.#pods.get(name);
    const node = pod?.spec?.nodeName || undefined;
    if (pod && !node) return;
    const after = pod && node ? { uid: pod.metadata.uid, node, ...mutableParts(pod) } : undefined;
    // What a pod refers to is settled when it is bound, but for these.
    if (before && after && isSame(before, after)) return;
    if (before) this.#tally(before, -1);
    this.#pods.delete(name);
    if (!pod || !after) return;
    const known = { ...after, references: referencesOf(pod) };
    this.#tally(known, 1);
    this.#pods.set(name, known);
  }

  #tally({ node, references }: KnownPod, by: 1 | -1): void {
    for (const reference of references) {
      this.#nodes.add(reference, node, by);
      if (reference.startsWith('persistentvolumeclaims/')) this.#claims.add(node, reference, by);
    }
  }

  #changeVolume(name: string, volume: PersistentVolume | undefined): void {
    const before = this.#volumes.get(name);
    for (const secret of before?.secrets ?? []) this.#claimsOfSecret.add(secret, before?.claim ?? '', -1);
    this.#volumes.delete(name);
    const { claimRef } = volume?.spec ?? {};
    if (!volume || !claimRef) return;
    const claim = key('persistentvolumeclaims', claimRef.namespace ?? '', claimRef.name ?? '');
    const secrets = secretsOfPersistent(volume).map((secret) => inNamespace('secrets', secret));
    for (const secret of secrets) this.#claimsOfSecret.add(secret, claim, 1);
    this.#volumes.set(name, { claim, secrets });
  }
}

function mutableParts({ spec, status }: Pod): Pick<KnownPod, 'ephemeralContainers' | 'claimStatuses'> {
  const { resourceClaimStatuses, extendedResourceClaimStatus } = (status ?? {}) as ClaimStatuses;
  return {
    ephemeralContainers: spec?.ephemeralContainers?.length ?? 0,
    claimStatuses:
      resourceClaimStatuses || extendedResourceClaimStatus
        ? JSON.stringify([resourceClaimStatuses, extendedResourceClaimStatus])
        : '',
  };
}

function isSame(before: KnownPod, after: Omit<KnownPod, 'references'>): boolean {
  return (
    before.uid === after.uid &&
    before.node === after.node &&
    before.ephemeralContainers >= after.ephemeralContainers &&
    before.claimStatuses === after.claimStatuses
  );
}

function referencesOf(pod: Pod): string[] {
  // A node makes the mirrors of its own pods, and must not come to anything by them.
  if (pod.metadata.annotations?.[mirrorAnnotation] !== undefined) return [];
  const { namespace = '' } = pod.metadata;
  const account = pod.spec?.serviceAccountName;
  return [
    ...(account ? [key('serviceaccounts', namespace, account)] : []),
    ...secretsOf(pod).map((name) => key('secrets', namespace, name)),
    ...configMapsOf(pod).map((name) => key('configmaps', namespace, name)),
    ...claimNamesOf(pod).map((name) => key('persistentvolumeclaims', namespace, name)),
    ...resourceClaimsOf(pod).map((name) => key('resourceclaims', namespace, name)),
  ];
}

/** Which node an object says in `spec.nodeName`. */
function assign(nodes: Map<string, string>, name: string, object: KubeObject | undefined): void {
  const { nodeName } = (object?.spec ?? {}) as { nodeName?: string };
  if (nodeName) nodes.set(name, nodeName);
  else nodes.delete(name);
}
