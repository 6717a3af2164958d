import type { CallVerb } from '../call.ts';
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
  const first = rest[0];
  if (version === undefined || first === undefined) return undefined;

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
  switch (method) {
    case 'GET':
    case 'HEAD': {
      const watching = query.get('watch');
      // As in Kubernetes, one object is read, not watched: a watch of one is a list's with a field selector.
      if (single) return 'get';
      return watching !== undefined && watching !== 'false' && watching !== '0' ? 'watch' : 'list';
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
