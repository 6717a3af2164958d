import type { ObjectKey, ResourceRef } from '../objects/index.ts';

/** `/api/v1/namespaces/x/pods/y/status`: where a resource, an object or a subresource lives. */
export function pathOf(
  resource: ResourceRef & { namespaced: boolean },
  where: { namespace?: string | undefined; name?: string; subresource?: string | undefined } = {},
): string {
  const parts = resource.group === '' ? ['api', resource.version] : ['apis', resource.group, resource.version];
  if (resource.namespaced && where.namespace) parts.push('namespaces', where.namespace);
  parts.push(resource.resource);
  if (where.name !== undefined) parts.push(where.name);
  if (where.subresource !== undefined) parts.push(...where.subresource.split('/'));
  return `/${parts.map(encodeURIComponent).join('/')}`;
}

export function objectPath(
  resource: ResourceRef & { namespaced: boolean },
  key: ObjectKey,
  subresource?: string,
): string {
  return pathOf(resource, { namespace: key.namespace, name: key.name, subresource });
}

/** A query string with its `?`, without the fields that are undefined; '' when nothing is left. */
export function queryOf(fields: Record<string, string | number | boolean | undefined>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) query.set(name, String(value));
  }
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}
