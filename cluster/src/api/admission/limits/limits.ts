import type { Container, KubeObject, PersistentVolumeClaim, Pod } from '@berth/kube/objects';
import { podResources, type ResourceList } from '@berth/kube/pods';
import { compareQuantities, formatQuantity, parseQuantity, type Quantity } from '@berth/kube/quantity';
import { amountsOf, largest, sum, type Usage } from '../../../quota/index.ts';

/** What each of a kind may use, at least and at most, and what its containers get that say nothing. */
export interface LimitRange extends KubeObject {
  spec?: { limits?: readonly Limit[] };
}

interface Limit {
  type: string;
  min?: ResourceList;
  max?: ResourceList;
  default?: ResourceList;
  defaultRequest?: ResourceList;
  maxLimitRequestRatio?: ResourceList;
}

interface Asked {
  requests: Usage;
  limits: Usage;
}

export const limitAnnotation = 'kubernetes.io/limit-ranger';

const limitsOf = ({ spec }: LimitRange, type: string) => (spec?.limits ?? []).filter((limit) => limit.type === type);

/** Gives the pod's containers what the range has for those that do not say it, and notes which in an annotation. */
export function completeByLimits(range: LimitRange, pod: Pod): void {
  const limits = limitsOf(range, 'Container');
  const defaults = {
    requests: Object.assign({}, ...limits.map(({ defaultRequest }) => defaultRequest)) as ResourceList,
    limits: Object.assign({}, ...limits.map((limit) => limit.default)) as ResourceList,
  };
  const notes = [
    ...(pod.spec?.containers ?? []).flatMap((each) => complete(each, 'container', defaults)),
    ...(pod.spec?.initContainers ?? []).flatMap((each) => complete(each, 'init container', defaults)),
  ];
  if (notes.length === 0) return;
  const note = { [limitAnnotation]: `LimitRanger plugin set: ${notes.join('; ')}` };
  pod.metadata.annotations = { ...pod.metadata.annotations, ...note };
}

function complete(container: Container, what: string, defaults: Record<'requests' | 'limits', ResourceList>): string[] {
  return (['requests', 'limits'] as const).flatMap((list) => {
    const present = container.resources?.[list] ?? {};
    const missing = Object.keys(defaults[list]).filter((name) => !(name in present));
    if (missing.length === 0) return [];
    const added = Object.fromEntries(missing.map((name) => [name, String(defaults[list][name])]));
    container.resources = { ...container.resources, [list]: { ...present, ...added } };
    return [`${missing.sort().join(', ')} ${list.slice(0, -1)} for ${what} ${container.name}`];
  });
}

/** How the pod breaks the range, each in a sentence of Kubernetes'. Source: plugin/pkg/admission/limitranger. */
export function podViolations(range: LimitRange, pod: Pod): string[] {
  const { containers = [], initContainers = [] } = pod.spec ?? {};
  const each = [...containers, ...initContainers].map(({ resources }) => ({
    requests: amountsOf(resources?.requests),
    limits: amountsOf(resources?.limits),
  }));
  return (range.spec?.limits ?? []).flatMap((limit) => {
    if (limit.type === 'Container') return each.flatMap((asked) => violations(limit, asked));
    return limit.type === 'Pod' ? violations(limit, askedBy(pod)) : [];
  });
}

/** What is asked for counts, whatever a node gave so far. */
function askedBy({ status: _status, ...pod }: Pod): Asked {
  const exact = { read: amountsOf, plus: sum, most: largest };
  return { requests: podResources(pod, 'requests', exact), limits: podResources(pod, 'limits', exact) };
}

/** How the claim breaks the range. */
export function claimViolations(range: LimitRange, { spec }: PersistentVolumeClaim): string[] {
  const requests = amountsOf(spec?.resources?.requests);
  return limitsOf(range, 'PersistentVolumeClaim').flatMap(({ type, min, max }) => [
    ...each(min, (name, bound) => tooLittle(`minimum ${name} usage per ${type} is`, bound, requests[name], undefined)),
    ...each(max, (name, bound) => tooMuchAsked(`maximum ${name} usage per ${type} is`, bound, requests[name])),
  ]);
}

function violations({ type, min, max, maxLimitRequestRatio }: Limit, { requests, limits }: Asked): string[] {
  return [
    ...each(min, (name, bound) => {
      return tooLittle(`minimum ${name} usage per ${type} is`, bound, requests[name], limits[name]);
    }),
    ...each(max, (name, bound) => {
      return tooMuch(`maximum ${name} usage per ${type} is`, bound, requests[name], limits[name]);
    }),
    ...each(maxLimitRequestRatio, (name, bound) => {
      return tooFar(`${name} max limit to request ratio per ${type} is`, bound, requests[name], limits[name]);
    }),
  ];
}

function each(
  bounds: ResourceList | undefined,
  judge: (name: string, bound: Quantity) => string | undefined,
): readonly string[] {
  const names = Object.keys(bounds ?? {}).sort();
  return names.flatMap((name) => judge(name, parseQuantity(String(bounds?.[name]))) ?? []);
}

type Amount = Quantity | undefined;

function tooLittle(what: string, bound: Quantity, request: Amount, limit: Amount): string | undefined {
  const is = `${what} ${formatQuantity(bound)}`;
  if (!request) return `${is}.  No request is specified`;
  if (compareQuantities(request, bound) < 0) return `${is}, but request is ${formatQuantity(request)}`;
  if (limit && compareQuantities(limit, bound) < 0) return `${is}, but limit is ${formatQuantity(limit)}`;
  return undefined;
}

function tooMuchAsked(what: string, bound: Quantity, request: Amount): string | undefined {
  const is = `${what} ${formatQuantity(bound)}`;
  if (!request) return `${is}.  No request is specified`;
  return compareQuantities(request, bound) > 0 ? `${is}, but request is ${formatQuantity(request)}` : undefined;
}

function tooMuch(what: string, bound: Quantity, request: Amount, limit: Amount): string | undefined {
  const is = `${what} ${formatQuantity(bound)}`;
  if (!limit) return `${is}.  No limit is specified`;
  if (compareQuantities(limit, bound) > 0) return `${is}, but limit is ${formatQuantity(limit)}`;
  return request && tooMuchAsked(what, bound, request);
}

function tooFar(what: string, bound: Quantity, request: Amount, limit: Amount): string | undefined {
  const is = `${what} ${formatQuantity(bound)}`;
  if (!request?.nanos) return `${is}, but no request is specified or request is 0`;
  if (!limit?.nanos) return `${is}, but no limit is specified or limit is 0`;
  const ratio = Number(limit.nanos) / Number(request.nanos);
  const most = Number(bound.nanos) / 1e9;
  return ratio > most ? `${is}, but provided ratio is ${ratio.toFixed(6)}` : undefined;
}
