import { isBerthError } from '@berth/kube/errors';
import {
  apiVersionOf,
  controllerOf,
  type KubeObject,
  type OwnerReference,
  type Pod,
  parseApiVersion,
  type Resource,
  resources,
} from '@berth/kube/objects';
import type { View } from '@berth/kube/reconcile';
import type { PathApi, Scale } from '../horizontal/index.ts';

export interface Scales {
  /** By the uid of the owner, each once. */
  replicas: ReadonlyMap<string, number>;
  /** Names of pods that nobody controls. */
  unmanaged: readonly string[];
  /** Why the total is not known. */
  failure?: string;
}

/** An owner that the view does not tell about. */
export interface OtherOwner {
  owner: OwnerReference;
  namespace: string;
  /** The pod that led to it. */
  pod: string;
}

type Scaled = KubeObject & { spec?: { replicas?: number } };

const watched: Readonly<Record<string, Resource<Scaled>>> = {
  '/ReplicationController': resources.replicationControllers as Resource<Scaled>,
  'apps/ReplicaSet': resources.replicaSets as Resource<Scaled>,
  'apps/StatefulSet': resources.statefulSets as Resource<Scaled>,
};

/** How many pods the owners of these are to have: that of a Deployment's sets is the Deployment, since they share its number. */
export function scalesIn(view: View, pods: readonly Pod[]): { scales: Scales; others: OtherOwner[] } {
  const replicas = new Map<string, number>();
  const unmanaged: string[] = [];
  const others = new Map<string, OtherOwner>();
  for (const pod of pods) {
    const owner = controllerOf(pod);
    const { namespace = '', name } = pod.metadata;
    if (!owner) {
      unmanaged.push(name);
      continue;
    }
    const resource = watched[`${parseApiVersion(owner.apiVersion).group}/${owner.kind}`];
    const found = resource && view.get(resource, { namespace, name: owner.name });
    if (found && found.metadata.uid === owner.uid) {
      const counted = deploymentOf(found, view) ?? found;
      replicas.set(counted.metadata.uid ?? '', counted.spec?.replicas ?? 1);
    } else if (!others.has(owner.uid)) others.set(owner.uid, { owner, namespace, pod: name });
  }
  return { scales: { replicas, unmanaged }, others: [...others.values()] };
}

function deploymentOf(set: Scaled, view: View): Scaled | undefined {
  const owner = controllerOf(set);
  if (owner?.kind !== 'Deployment' || parseApiVersion(owner.apiVersion).group !== 'apps') return undefined;
  const found = view.get(resources.deployments, { namespace: set.metadata.namespace ?? '', name: owner.name });
  return found?.metadata.uid === owner.uid ? found : undefined;
}

/** Asks for the scale of kinds that are no built-in workload; the first owner that has none decides. */
export async function askForScales(
  api: PathApi | undefined,
  others: readonly OtherOwner[],
): Promise<Pick<Scales, 'replicas' | 'failure'>> {
  const replicas = new Map<string, number>();
  for (const other of others) {
    try {
      const scale = api && (await scaleOf(api, other));
      if (scale?.metadata.uid !== other.owner.uid) {
        return { replicas, failure: `found no controllers for pod ${JSON.stringify(other.pod)}` };
      }
      replicas.set(other.owner.uid, scale.spec?.replicas ?? 0);
    } catch (error) {
      return { replicas, failure: error instanceof Error ? error.message : String(error) };
    }
  }
  return { replicas };
}

interface Discovered {
  resources?: readonly { name: string; kind: string }[];
}

async function scaleOf(api: PathApi, { owner, namespace }: OtherOwner): Promise<Scale | undefined> {
  const { group, version } = parseApiVersion(owner.apiVersion);
  const base = group === '' ? `/api/${version}` : `/apis/${apiVersionOf({ group, version })}`;
  const { resources: served = [] } = await orNothing<Discovered>(api.get(base), {});
  const plural = served.find(({ name, kind }) => kind === owner.kind && !name.includes('/'))?.name;
  if (plural === undefined) throw new Error(`no matches for kind "${owner.kind}" in version "${owner.apiVersion}"`);
  if (!served.some(({ name }) => name === `${plural}/scale`)) {
    const what = group === '' ? plural : `${plural}.${group}`;
    throw new Error(`${what} does not implement the scale subresource`);
  }
  const path = `${base}/namespaces/${encodeURIComponent(namespace)}/${plural}/${encodeURIComponent(owner.name)}/scale`;
  return await orNothing<Scale | undefined>(api.get(path), undefined);
}

async function orNothing<T>(asked: Promise<unknown>, nothing: T): Promise<T> {
  try {
    // What is served under these paths has these fields.
    return (await asked) as T;
  } catch (error) {
    if (isBerthError(error, 'NotFound')) return nothing;
    throw error;
  }
}
