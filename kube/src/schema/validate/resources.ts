import { compareQuantities, isQuantity, parseQuantity, quantityFormatMessage } from '../../quantity/index.ts';
import { type Fields, part } from '../fields.ts';
import { negativeMessage, qualifiedName } from './names.ts';
import type { Problems } from './problems.ts';

const containers = new Set(['cpu', 'memory', 'ephemeral-storage']);
const counted = new Set([
  'configmaps',
  'persistentvolumeclaims',
  'pods',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'services',
  'services.loadbalancers',
  'services.nodeports',
]);
const quotas = new Set([
  ...containers,
  ...counted,
  ...[...containers, 'storage'].map((name) => `requests.${name}`),
  ...[...containers].map((name) => `limits.${name}`),
]);

const isHuge = (name: string) => name.startsWith('hugepages-');
const isNative = (name: string) => !name.includes('/') || name.includes('kubernetes.io/');

/** Whether it is somebody's own, counted in whole units: `example.com/gpu`. */
function isExtended(name: string): boolean {
  return !isNative(name) && !name.startsWith('requests.') && qualifiedName(`requests.${name}`).length === 0;
}

/** Whether a quota knows the name by itself. */
export function isQuotaResource(name: string): boolean {
  return quotas.has(name) || isHuge(name) || name.startsWith('requests.hugepages-');
}

/** Whether more of a resource may be promised than there is. */
export function isOvercommitted(name: string): boolean {
  return isNative(name) && !isHuge(name);
}

/** Answers whether the name could be that of a resource at all. */
export function validateResourceName(name: string, at: string, problems: Problems): boolean {
  const wrong = qualifiedName(name);
  for (const message of wrong) problems.invalid(at, name, message);
  if (wrong.length > 0) return false;
  if (name.includes('/') || name === 'storage' || isQuotaResource(name)) return true;
  problems.invalid(at, name, 'must be a standard resource type or fully qualified');
  return false;
}

/** The name of what a container may ask for. */
export function validateContainerResourceName(name: string, at: string, problems: Problems): void {
  validateResourceName(name, at, problems);
  if (!name.includes('/')) {
    if (!containers.has(name) && !isHuge(name))
      problems.invalid(at, name, 'must be a standard resource for containers');
  } else if (!isNative(name) && !isExtended(name)) {
    problems.invalid(at, name, "doesn't follow extended resource name standard");
  }
}

/** The name of what a quota bounds. */
export function validateQuotaResourceName(name: string, at: string, problems: Problems): void {
  validateResourceName(name, at, problems);
  if (!name.includes('/') && !isQuotaResource(name))
    problems.invalid(at, name, 'must be a standard resource for quota');
}

/** So much of a resource: at least nothing, and whole units of what is counted. */
export function validateAmount(name: string, value: unknown, at: string, problems: Problems): void {
  validateQuantity(value, at, problems);
  if (!counted.has(name) && !isExtended(name)) return;
  if (isQuantity(value) && parseQuantity(value).nanos % 1_000_000_000n !== 0n)
    problems.invalid(at, String(value), 'must be an integer');
}

export function validateQuantity(value: unknown, path: string, problems: Problems): void {
  if (!isQuantity(value)) problems.invalid(path, value, quantityFormatMessage);
  else if (parseQuantity(value).nanos < 0n) problems.invalid(path, String(value), negativeMessage);
}

/** What a container requests and may use: quantities, and no request above its limit. */
export function validateResources(resources: Fields | undefined, path: string, problems: Problems): void {
  const [limits, requests] = [part(resources, 'limits') ?? {}, part(resources, 'requests') ?? {}];
  for (const [name, limit] of Object.entries(limits)) validateOne(name, limit, `${path}.limits[${name}]`, problems);
  for (const [name, request] of Object.entries(requests)) {
    validateOne(name, request, `${path}.requests[${name}]`, problems, () => {
      validateRequest(name, request, Object.hasOwn(limits, name) ? limits[name] : undefined, path, problems);
    });
  }
  const names = [...Object.keys(limits), ...Object.keys(requests)];
  if (names.some(isHuge) && !names.includes('cpu') && !names.includes('memory'))
    problems.forbidden(path, 'HugePages require cpu or memory');
}

function validateOne(name: string, value: unknown, at: string, problems: Problems, between = () => {}): void {
  validateContainerResourceName(name, at, problems);
  validateAmount(name, value, at, problems);
  between();
  if (!isHuge(name) || !isQuantity(value)) return;
  const size = name.slice('hugepages-'.length);
  const pages = isQuantity(size) ? parseQuantity(size).nanos : 0n;
  if (pages > 0n && parseQuantity(value).nanos % pages !== 0n)
    problems.invalid(at, String(value), `${value} is not positive integer multiple of ${name}`);
}

function validateRequest(name: string, request: unknown, limit: unknown, path: string, problems: Problems): void {
  if (!isQuantity(request)) return;
  if (!isQuantity(limit)) {
    if (!isOvercommitted(name))
      problems.required(`${path}.limits`, 'Limit must be set for non overcommitable resources');
    return;
  }
  const order = compareQuantities(request, limit);
  if (order !== 0 && !isOvercommitted(name)) {
    problems.invalid(`${path}.requests`, String(request), `must be equal to ${name} limit of ${limit}`);
  } else if (order > 0) {
    problems.invalid(`${path}.requests`, String(request), `must be less than or equal to ${name} limit of ${limit}`);
  }
}
