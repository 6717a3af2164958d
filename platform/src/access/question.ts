import type { Connection } from '@berth/kube/client';
import type { PathAttributes, ResourceAttributes } from '@berth/kube/rbac';

/** What somebody wants to know about, as it is typed. */
export interface Asked {
  verb: string;
  /** `pods`, `po`, `deployments.apps`, `secrets/tls`, `/healthz`. */
  what: string;
  subresource?: string;
  /** Of kinds that have none it is left aside. */
  namespace: string;
  allNamespaces?: boolean;
}

export interface Question {
  attributes: ResourceAttributes | PathAttributes;
  /** Set when the cluster serves no such kind: roles may name it all the same. */
  warning?: string;
}

/** What is asked for, in the words of roles: the cluster's discovery says which kind a name stands for. */
export async function questionFor(connection: Connection, asked: Asked): Promise<Question> {
  const { verb, what, subresource = '', allNamespaces = false } = asked;
  if (what.startsWith('/')) return { attributes: { verb, path: what } };
  const slash = what.indexOf('/');
  const [type, name] = slash < 0 ? [what, ''] : [what.slice(0, slash), what.slice(slash + 1)];
  const found = type === '*' ? undefined : servedAs(await discover(connection), type.toLowerCase());
  const isNamespaced = found?.isNamespaced ?? true;
  const dot = type.indexOf('.');
  const [resource, group] = dot < 0 ? [type, ''] : [type.slice(0, dot), type.slice(dot + 1)];
  const attributes = {
    verb,
    group: found?.group ?? (type === '*' ? '*' : group),
    resource: found?.resource ?? resource,
    subresource,
    namespace: isNamespaced && !allNamespaces ? asked.namespace : '',
    name,
  };
  if (found || type === '*') return { attributes };
  return { attributes, warning: `the cluster serves no kind called "${type}"` };
}

interface Served {
  group: string;
  resource: string;
  isNamespaced: boolean;
  /** All by which it may be called, in lower case. */
  names: string[];
}

/** The shape of `apidiscovery.k8s.io/v2` as far as it is looked at here. */
interface Discovery {
  items?: {
    metadata?: { name?: string };
    versions?: {
      resources?: {
        resource: string;
        scope: string;
        singularResource?: string;
        shortNames?: string[];
        responseKind?: { kind?: string };
      }[];
    }[];
  }[];
}

const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** Kinds in the order in which the cluster prefers their groups and versions. */
async function discover(connection: Connection): Promise<Served[]> {
  const documents = await Promise.all(
    ['/api', '/apis'].map((path) => connection.json({ method: 'GET', path, accept: aggregated })),
  );
  return (documents as Discovery[]).flatMap(({ items = [] }) =>
    items.flatMap(({ metadata: { name: group = '' } = {}, versions = [] }) =>
      versions.flatMap(({ resources = [] }) =>
        resources.map(({ resource, scope, singularResource, shortNames = [], responseKind }) => ({
          group,
          resource,
          isNamespaced: scope === 'Namespaced',
          names: [resource, singularResource, responseKind?.kind?.toLowerCase(), ...shortNames].filter(
            (each) => each !== undefined && each !== '',
          ) as string[],
        })),
      ),
    ),
  );
}

/** `deployments`, `deploy`, `deployments.apps`, `deployments.v1.apps`. */
function servedAs(served: readonly Served[], type: string): Served | undefined {
  const plain = served.find(({ names }) => names.includes(type));
  if (plain) return plain;
  const [name = '', ...rest] = type.split('.');
  const groups = [rest.join('.'), rest.slice(1).join('.')];
  for (const group of groups) {
    const found = served.find((each) => each.group === group && each.names.includes(name));
    if (found) return found;
  }
  return undefined;
}
