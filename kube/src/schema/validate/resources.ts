import { compareQuantities, isQuantity, parseQuantity, quantityFormatMessage } from '../../quantity/index.ts';
import { type Fields, part } from '../fields.ts';
import { negativeMessage, qualifiedName } from './names.ts';
import type { Problems } from './problems.ts';

const standard = new Set(['cpu', 'memory', 'ephemeral-storage', 'storage', 'pods']);

/** A map of resource names to quantities, each at least zero. */
export function validateResourceList(list: Fields | undefined, path: string, problems: Problems): void {
  for (const [name, value] of Object.entries(list ?? {})) {
    const at = `${path}[${name}]`;
    for (const message of qualifiedName(name)) problems.invalid(at, name, message);
    validateQuantity(value, at, problems);
  }
}

export function validateQuantity(value: unknown, path: string, problems: Problems): void {
  if (!isQuantity(value)) problems.invalid(path, value, quantityFormatMessage);
  else if (parseQuantity(value).nanos < 0n) problems.invalid(path, String(value), negativeMessage);
}

/** What a container requests and may use: quantities, and no request above its limit. */
export function validateResources(resources: Fields | undefined, path: string, problems: Problems): void {
  const limits = part(resources, 'limits');
  const requests = part(resources, 'requests');
  for (const [field, list] of Object.entries({ limits, requests })) {
    validateResourceList(list, `${path}.${field}`, problems);
    for (const name of Object.keys(list ?? {})) {
      const known = standard.has(name) || name.startsWith('hugepages-') || name.includes('/');
      if (!known)
        problems.invalid(`${path}.${field}[${name}]`, name, 'must be a standard resource type or fully qualified');
    }
  }
  for (const [name, request] of Object.entries(requests ?? {})) {
    const limit = limits !== undefined && Object.hasOwn(limits, name) ? limits[name] : undefined;
    if (limit === undefined || !isQuantity(limit) || !isQuantity(request)) continue;
    if (compareQuantities(request, limit) > 0) {
      problems.invalid(`${path}.requests`, String(request), `must be less than or equal to ${name} limit of ${limit}`);
    }
  }
}
