import type { AuditedRequest } from '@berth/kube/audit';
import { parseFieldSelector } from '@berth/kube/selectors';
import { type Target, verbOf } from '../http/route.ts';
import type { User } from '../types.ts';

/** What a rule of the policy looks at, and what is told of it besides. */
export type Requested = AuditedRequest & { user?: User | undefined; version?: string };

/** Of every HTTP method that stands for no verb, as Kubernetes' `RequestInfo` has it. */
const otherVerbs: Readonly<Record<string, string>> = { POST: 'create', PUT: 'update' };

/** Who sent what, for a rule of the policy to look at, also when it is nothing that could be answered. */
export function requested(
  method: string,
  path: string,
  target: Target | undefined,
  options: ReadonlyMap<string, string>,
  user: User | undefined,
): Requested {
  if (!target) return { user, verb: method.toLowerCase(), path };
  return requestedOf(target, verbOf(method, target, options) ?? otherVerbs[method] ?? '', options, user);
}

/** The same of what is a resource. */
export function requestedOf(
  target: Target,
  verb: string,
  options: ReadonlyMap<string, string>,
  user: User | undefined,
): Requested {
  const { group, version, resource, subresource: below } = target;
  const subresource = below.split('/', 1)[0] ?? '';
  const name = target.name === '' && isOfMany.has(verb) ? selectedName(options) : target.name;
  const namespace = resource === 'namespaces' && group === '' ? target.name : target.namespace;
  return { user, verb, group, version, resource, subresource, namespace, name };
}

const isOfMany = new Set(['list', 'watch', 'deletecollection']);

/** The name that is asked for by `metadata.name=x`; '' when none is, or when that cannot be read. */
function selectedName(options: ReadonlyMap<string, string>): string {
  const selector = options.get('fieldSelector');
  if (!selector) return '';
  try {
    const all = parseFieldSelector(selector);
    return all.find(({ field, operator }) => field === 'metadata.name' && operator === '=')?.value ?? '';
  } catch {
    return '';
  }
}
