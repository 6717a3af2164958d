import { sameData } from '../../patch/index.ts';
import { compareQuantities, isQuantity, parseQuantity } from '../../quantity/index.ts';
import { type Fields, part, parts, text } from '../fields.ts';
import { immutableMessage, qualifiedName } from './names.ts';
import type { Problems } from './problems.ts';
import {
  isOvercommitted,
  isQuotaResource,
  validateAmount,
  validateContainerResourceName,
  validateQuotaResourceName,
  validateResourceName,
} from './resources.ts';

type Rule = (object: Fields, problems: Problems, old?: Fields) => void;
type Amounts = Readonly<Record<string, unknown>>;

const limitTypes = new Set(['Container', 'PersistentVolumeClaim', 'Pod']);

/** What one pod, container or claim may have of a resource. */
export const validateLimitRange: Rule = (object, problems) => {
  const types = new Set<string>();
  parts(part(object, 'spec'), 'limits').forEach((limit, index) => {
    const at = `spec.limits[${index}]`;
    const type = text(limit, 'type') ?? '';
    for (const message of qualifiedName(type)) problems.invalid(`${at}.type`, type, message);
    if (!limitTypes.has(type) && !type.includes('/') && qualifiedName(type).length === 0)
      problems.invalid(`${at}.type`, type, 'must be a standard limit type or fully qualified');
    if (types.has(type)) problems.duplicate(`${at}.type`, type);
    types.add(type);
    validateLimit(limit, type, at, problems);
  });
};

function validateLimit(limit: Fields, type: string, at: string, problems: Problems): void {
  const names = new Set<string>();
  const amounts = (field: string): Amounts => {
    const list = part(limit, field) ?? {};
    for (const name of Object.keys(list)) {
      const path = `${at}.${field}[${name}]`;
      if (type === 'Pod' || type === 'Container') validateContainerResourceName(name, path, problems);
      else validateResourceName(name, path, problems);
      names.add(name);
    }
    return list;
  };
  const [max, min] = [amounts('max'), amounts('min')];
  const given = (field: string) => Object.keys(part(limit, field) ?? {}).length > 0;
  let [usual, usualRequest]: [Amounts, Amounts] = [{}, {}];
  if (type === 'Pod') {
    for (const field of ['default', 'defaultRequest'])
      if (given(field)) problems.forbidden(`${at}.${field}`, "may not be specified when `type` is 'Pod'");
  } else [usual, usualRequest] = [amounts('default'), amounts('defaultRequest')];
  if (type === 'PersistentVolumeClaim' && min.storage === undefined && max.storage === undefined) {
    const one = 'either minimum or maximum storage value is required, but neither was provided';
    problems.required(`${at}.limits`, one);
  }
  const ratio = amounts('maxLimitRequestRatio');
  for (const name of names) {
    const own = (list: Amounts) => (Object.hasOwn(list, name) ? list[name] : undefined);
    validateBounds(
      name,
      { max: own(max), min: own(min), usual: own(usual), usualRequest: own(usualRequest), ratio: own(ratio) },
      at,
      problems,
    );
  }
}

interface Bounds {
  max: unknown;
  min: unknown;
  usual: unknown;
  usualRequest: unknown;
  ratio: unknown;
}

/** No bound on the wrong side of another. Kubernetes shows now the one, now the other. */
function validateBounds(
  name: string,
  { max, min, usual, usualRequest, ratio }: Bounds,
  at: string,
  problems: Problems,
) {
  const above = (low: unknown, high: unknown) =>
    isQuantity(low) && isQuantity(high) && compareQuantities(low, high) > 0;
  const say = (field: string, shown: unknown, message: string) =>
    problems.invalid(`${at}.${field}[${name}]`, String(shown), message);
  if (above(min, max)) say('min', min, `min value ${min} is greater than max value ${max}`);
  if (above(min, usualRequest))
    say('defaultRequest', usualRequest, `min value ${min} is greater than default request value ${usualRequest}`);
  if (above(usualRequest, max))
    say('defaultRequest', usualRequest, `default request value ${usualRequest} is greater than max value ${max}`);
  if (above(usualRequest, usual))
    say(
      'defaultRequest',
      usualRequest,
      `default request value ${usualRequest} is greater than default limit value ${usual}`,
    );
  if (above(min, usual)) say('default', min, `min value ${min} is greater than default value ${usual}`);
  if (above(usual, max)) say('default', max, `default value ${usual} is greater than max value ${max}`);
  if (isQuantity(ratio)) {
    if (compareQuantities(ratio, 1) < 0) say('maxLimitRequestRatio', ratio, `ratio ${ratio} is less than 1`);
    if (isQuantity(min) && isQuantity(max)) {
      const most = Number(parseQuantity(max).nanos) / Number(parseQuantity(min).nanos);
      if (Number(parseQuantity(ratio).nanos) / 1e9 > most)
        say('maxLimitRequestRatio', ratio, `ratio ${ratio} is greater than max/min = ${shownRatio(most)}`);
    }
  }
  if (
    !isOvercommitted(name) &&
    isQuantity(usual) &&
    isQuantity(usualRequest) &&
    compareQuantities(usual, usualRequest) !== 0
  )
    say(
      'defaultRequest',
      usualRequest,
      `default value ${usual} must equal to defaultRequest value ${usualRequest} in ${name}`,
    );
}

/** As Go's `%f`. */
function shownRatio(ratio: number): string {
  if (Number.isFinite(ratio)) return ratio.toFixed(6);
  return Number.isNaN(ratio) ? 'NaN' : ratio > 0 ? '+Inf' : '-Inf';
}

const pods = ['pods'];
const compute = ['cpu', 'memory', 'limits.cpu', 'limits.memory', 'requests.cpu', 'requests.memory'];
const storage = ['persistentvolumeclaims', 'requests.storage'];
/** What of a namespace's own resources a scope may be applied to. */
const scopes: Readonly<Record<string, readonly string[]>> = {
  BestEffort: pods,
  CrossNamespacePodAffinity: [...pods, ...compute],
  NotBestEffort: [...pods, ...compute],
  NotTerminating: [...pods, ...compute],
  PriorityClass: [...pods, ...compute],
  Terminating: [...pods, ...compute],
  VolumeAttributesClass: storage,
};
const alone = new Set(['BestEffort', 'CrossNamespacePodAffinity', 'NotBestEffort', 'NotTerminating', 'Terminating']);

const applies = (scope: string, name: string) => {
  const known = Object.hasOwn(scopes, scope) ? scopes[scope] : undefined;
  return known === undefined || !isQuotaResource(name) || known.includes(name);
};

/** How much of everything a namespace may have, and of which pods or claims that counts. */
export const validateResourceQuota: Rule = (object, problems, old) => {
  const spec = part(object, 'spec') ?? {};
  const hard = part(spec, 'hard') ?? {};
  for (const [name, value] of Object.entries(hard)) {
    validateQuotaResourceName(name, `spec.hard[${name}]`, problems);
    validateAmount(name, value, `spec.hard[${name}]`, problems);
  }
  const given = Array.isArray(spec.scopes) ? (spec.scopes as string[]) : [];
  for (const scope of given) {
    if (!Object.hasOwn(scopes, scope)) problems.invalid('spec.scopes', given, 'unsupported scope');
    for (const name of Object.keys(hard))
      if (!applies(scope, name)) problems.invalid('spec.scopes', given, 'unsupported scope applied to resource');
  }
  conflicts(new Set(given), 'spec.scopes', given, problems);
  validateScopeSelector(spec, hard, problems);
  const before = part(old, 'spec');
  if (before === undefined) return;
  const was = Array.isArray(before.scopes) ? (before.scopes as string[]) : [];
  if (!sameData([...new Set(given)].sort(), [...new Set(was)].sort()))
    problems.invalid('spec.scopes', spec.scopes ?? null, immutableMessage);
};

function conflicts(used: ReadonlySet<string>, at: string, shown: unknown, problems: Problems): void {
  for (const scope of ['BestEffort', 'Terminating']) {
    if (used.has(scope) && used.has(`Not${scope}`)) problems.invalid(at, shown, 'conflicting scopes');
  }
}

function validateScopeSelector(spec: Fields, hard: Fields, problems: Problems): void {
  const selector = part(spec, 'scopeSelector');
  if (selector === undefined) return;
  const at = 'spec.scopeSelector.matchExpressions';
  const used = new Set<string>();
  for (const expression of parts(selector, 'matchExpressions')) {
    const [scope, operator] = [text(expression, 'scopeName') ?? '', text(expression, 'operator') ?? ''];
    const values = Array.isArray(expression.values) ? expression.values : [];
    if (!Object.hasOwn(scopes, scope)) problems.invalid(`${at}.scopeName`, scope, 'unsupported scope');
    for (const name of Object.keys(hard))
      if (!applies(scope, name)) problems.invalid(at, selector, 'unsupported scope applied to resource');
    if (alone.has(scope) && operator !== 'Exists') {
      problems.invalid(
        `${at}.operator`,
        operator,
        "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity",
      );
    }
    if (operator === 'In' || operator === 'NotIn') {
      if (values.length === 0) {
        const one = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
        problems.required(`${at}.values`, one);
      }
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      if (values.length > 0) {
        const none = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
        problems.invalid(`${at}.values`, values, none);
      }
    } else problems.invalid(`${at}.operator`, operator, 'not a valid selector operator');
    used.add(scope);
  }
  conflicts(used, at, spec.scopes ?? null, problems);
}
