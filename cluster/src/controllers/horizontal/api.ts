import { apiVersionOf, type KubeObject, parseApiVersion, type Resource } from '@berth/kube/objects';

/** The API over paths: metrics are served by others, and a scale is a subresource. Rejects with a `BerthError`. */
export interface PathApi {
  /** The answer to a GET, read as JSON. */
  get(path: string): Promise<unknown>;
  /** A merge patch. */
  patch(path: string, body: object): Promise<unknown>;
}

export interface Scale extends KubeObject {
  spec?: { replicas?: number };
  status?: { replicas?: number; selector?: string };
}

/** The resource that serves a kind, as discovery says. Throws `NoKindMatch` when there is none. */
export async function resourceOf(api: PathApi, apiVersion: string, kind: string): Promise<Resource> {
  const ref = parseApiVersion(apiVersion);
  const path = ref.group === '' ? `/api/${ref.version}` : `/apis/${apiVersionOf(ref)}`;
  const { resources = [] } = (await api.get(path).catch(() => ({}))) as { resources?: ServedResource[] };
  const found = resources.find((each) => each.kind === kind && !each.name.includes('/'));
  if (!found) throw new Error(`no matches for kind ${JSON.stringify(kind)} in group ${JSON.stringify(ref.group)}`);
  return { ...ref, resource: found.name, kind, namespaced: found.namespaced };
}

interface ServedResource {
  name: string;
  kind: string;
  namespaced: boolean;
}
