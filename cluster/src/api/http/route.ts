import { type CallVerb, isTrue } from '../call.ts';
import { badRequest } from '../faults.ts';

/** What the path of a resource request names. Absent parts are ''. */
export interface Target {
  group: string;
  version: string;
  namespace: string;
  resource: string;
  name: string;
  /** May hold slashes for proxies: `proxy/metrics`. */
  subresource: string;
  /** Set for the old paths that begin with `watch/`, which watch whatever the query says. */
  watched?: true;
}

/** Reads `/api/v1/…` and `/apis/<group>/<version>/…`; undefined for every other path, discovery included. */
export function targetOf(path: string): Target | undefined {
  const parts = path.split('/').slice(1).map(decode);
  if (parts.at(-1) === '') parts.pop();
  const core = parts[0] === 'api';
  if (!core && parts[0] !== 'apis') return undefined;
  const group = core ? '' : (parts[1] ?? '');
  const version = parts[core ? 1 : 2];
  const rest = parts.slice(core ? 2 : 3);
  if (version === undefined || rest[0] === undefined) return undefined;
  if (rest[0] !== 'watch' || rest[1] === undefined) return within({ group, version }, rest, core);
  const target = within({ group, version }, rest.slice(1), core);
  return target.subresource === '' ? { ...target, watched: true } : undefined;
}

/** What stands behind the version. */
function within({ group, version }: Pick<Target, 'group' | 'version'>, rest: string[], core: boolean): Target {
  const first = rest[0];
  const ofNamespace = rest[2] === 'status' || rest[2] === 'finalize';
  if (first === 'namespaces' && rest.length >= 3 && !(core && ofNamespace && rest.length === 3)) {
    const [, namespace = '', resource = '', name = '', ...subresource] = rest;
    return { group, version, namespace, resource, name, subresource: subresource.join('/') };
  }
  const [resource = '', name = '', ...subresource] = rest;
  return { group, version, namespace: '', resource, name, subresource: subresource.join('/') };
}

function decode(part: string): string {
  if (!part.includes('%')) return part;
  try {
    return decodeURIComponent(part);
  } catch {
    throw badRequest(`the path holds a malformed escape: ${part}`);
  }
}

/** The Kubernetes verb of an HTTP method; undefined when the method means nothing there. */
export function verbOf(method: string, target: Target, query: ReadonlyMap<string, string>): CallVerb | undefined {
  const single = target.name !== '';
  if (target.watched) return method === 'GET' ? 'watch' : undefined;
  switch (method) {
    case 'GET':
    case 'HEAD': {
      const watching = query.get('watch');
      // As in Kubernetes, one object is read, not watched: a watch of one is a list's with a field selector.
      if (single) return 'get';
      return watching !== undefined && isTrue(watching) ? 'watch' : 'list';
    }
    case 'POST':
      return single && target.subresource === '' ? undefined : 'create';
    case 'PUT':
      return single ? 'update' : undefined;
    case 'PATCH':
      return single ? 'patch' : undefined;
    case 'DELETE':
      return single ? 'delete' : 'deletecollection';
    default:
      return undefined;
  }
}

/** The query's parameters; of one that is given twice, the first counts. */
export function queryOf(search: string): Map<string, string> {
  const query = new Map<string, string>();
  if (search === '') return query;
  for (const [name, value] of new URLSearchParams(search)) if (!query.has(name)) query.set(name, value);
  return query;
}
