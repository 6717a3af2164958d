import { type Fields, part, parts, text } from '../fields.ts';
import { goValue } from './go-value.ts';
import { dnsLabel, dnsSubdomain } from './names.ts';
import type { Problems } from './problems.ts';

type Rule = (object: Fields, problems: Problems, old?: Fields) => void;

const distinguishers = ['ByNamespace', 'ByUser'];
const exempt = 'exempt';

/** Which requests belong to which flow, and to which priority level. */
export const validateFlowSchema: Rule = (object, problems) => {
  const spec = part(object, 'spec') ?? {};
  const precedence = typeof spec.matchingPrecedence === 'number' ? spec.matchingPrecedence : 0;
  const at = 'spec.matchingPrecedence';
  if (precedence <= 0) problems.invalid(at, precedence, 'must be a positive value');
  if (precedence > 10_000) problems.invalid(at, precedence, 'must not be greater than 10000');
  if (precedence === 1 && text(part(object, 'metadata'), 'name') !== exempt) {
    problems.invalid(at, precedence, "only the schema named 'exempt' may have matchingPrecedence 1");
  }
  const method = part(spec, 'distinguisherMethod');
  if (method !== undefined && !distinguishers.includes(text(method, 'type') ?? '')) {
    problems.unsupported('spec.distinguisherMethod.type', goValue(method, { Type: '' }), distinguishers);
  }
  const level = text(part(spec, 'priorityLevelConfiguration'), 'name') ?? '';
  const levelAt = 'spec.priorityLevelConfiguration.name';
  if (level === '') problems.required(levelAt, 'must reference a priority level');
  else for (const message of dnsSubdomain(level)) problems.invalid(levelAt, level, message);
  parts(spec, 'rules').forEach((rule, index) => {
    validateRule(rule, `spec.rules[${index}]`, problems);
  });
};

function validateRule(rule: Fields, at: string, problems: Problems): void {
  const subjects = parts(rule, 'subjects');
  if (subjects.length === 0) problems.required(`${at}.subjects`, 'subjects must contain at least one value');
  subjects.forEach((subject, index) => {
    validateSubject(subject, `${at}.subjects[${index}]`, problems);
  });
  const [resources, others] = [parts(rule, 'resourceRules'), parts(rule, 'nonResourceRules')];
  if (resources.length + others.length === 0) {
    problems.required(at, 'at least one of resourceRules and nonResourceRules has to be non-empty');
  }
  resources.forEach((resource, index) => {
    validateResourceRule(resource, `${at}.resourceRules[${index}]`, problems);
  });
  others.forEach((other, index) => {
    validateNonResourceRule(other, `${at}.nonResourceRules[${index}]`, problems);
  });
}

const subjectKinds = ['Group', 'ServiceAccount', 'User'];
/** In the order in which those that do not belong are told of. */
const subjectFields = { serviceAccount: 'ServiceAccount', user: 'User', group: 'Group' } as const;

function validateSubject(subject: Fields, at: string, problems: Problems): void {
  const kind = text(subject, 'kind') ?? '';
  if (!subjectKinds.includes(kind)) {
    problems.unsupported(`${at}.kind`, kind, subjectKinds);
    return;
  }
  for (const [field, of] of Object.entries(subjectFields)) {
    if (of !== kind) continue;
    const given = part(subject, field);
    if (given === undefined) problems.required(`${at}.${field}`, `${field} is required when subject kind is '${of}'`);
    else validateWho(given, `${at}.${field}`, of, problems);
  }
  for (const [field, of] of Object.entries(subjectFields)) {
    if (of !== kind && part(subject, field) !== undefined) {
      problems.forbidden(`${at}.${field}`, `${field} is forbidden when subject kind is not '${of}'`);
    }
  }
}

function validateWho(who: Fields, at: string, kind: string, problems: Problems): void {
  const name = text(who, 'name') ?? '';
  if (name === '') problems.required(`${at}.name`);
  if (kind !== 'ServiceAccount') return;
  if (name !== '' && name !== '*')
    for (const message of dnsSubdomain(name)) problems.invalid(`${at}.name`, name, message);
  const namespace = text(who, 'namespace') ?? '';
  if (namespace === '') problems.required(`${at}.namespace`, 'must specify namespace for service account');
  else for (const message of dnsLabel(namespace)) problems.invalid(`${at}.namespace`, namespace, message);
}

const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch'];
const list = (rule: Fields, field: string) => (Array.isArray(rule[field]) ? (rule[field] as string[]) : []);

function validateVerbs(rule: Fields, at: string, problems: Problems): void {
  const given = list(rule, 'verbs');
  if (given.length === 0) problems.required(`${at}.verbs`, 'verbs must contain at least one value');
  else if (given.includes('*')) onlyWildcard(given, `${at}.verbs`, 'verbs', problems);
  else if (!given.every((verb) => verbs.includes(verb))) problems.unsupported(`${at}.verbs`, given, verbs);
}

/** `*` stands alone. */
function onlyWildcard(given: readonly string[], at: string, others: string, problems: Problems): void {
  if (given.length > 1 && given.includes('*'))
    problems.invalid(at, given, `if '*' is present, must not specify other ${others}`);
}

function validateResourceRule(rule: Fields, at: string, problems: Problems): void {
  validateVerbs(rule, at, problems);
  for (const [field, one, many] of [
    ['apiGroups', 'api group', 'api groups'],
    ['resources', 'resource', 'resources'],
  ] as const) {
    const given = list(rule, field);
    if (given.length === 0) problems.required(`${at}.${field}`, `resource rules must supply at least one ${one}`);
    else onlyWildcard(given, `${at}.${field}`, many, problems);
  }
  const namespaces = list(rule, 'namespaces');
  if (namespaces.length === 0 && rule.clusterScope !== true) {
    problems.required(
      `${at}.namespaces`,
      'resource rules that are not cluster scoped must supply at least one namespace',
    );
  } else if (namespaces.includes('*')) onlyWildcard(namespaces, `${at}.namespaces`, 'namespaces', problems);
  else {
    namespaces.forEach((namespace, index) => {
      for (const message of dnsLabel(namespace)) {
        const whole = `each member of this list must be '*' or a DNS-1123 label; ${message}`;
        problems.invalid(`${at}.namespaces[${index}]`, namespace, whole);
      }
    });
  }
}

function validateNonResourceRule(rule: Fields, at: string, problems: Problems): void {
  validateVerbs(rule, at, problems);
  const paths = list(rule, 'nonResourceURLs');
  const field = `${at}.nonResourceURLs`;
  if (paths.length === 0) problems.required(field, 'nonResourceURLs must contain at least one value');
  else if (paths.includes('*')) onlyWildcard(paths, field, 'non-resource URLs', problems);
  else {
    paths.forEach((path, index) => {
      const problem = pathProblem(path);
      if (problem !== undefined) problems.invalid(`${field}[${index}]`, path, problem);
    });
  }
}

function pathProblem(path: string): string | undefined {
  if (path === '') return 'must not be empty';
  if (path === '/') return undefined;
  if (!path.startsWith('/')) return 'must start with slash';
  if (path.includes(' ')) return 'must not contain white-space';
  if (path.includes('//')) return 'must not contain double slash';
  const star = path.indexOf('*');
  return star < 0 || (star === path.length - 1 && path.endsWith('/*'))
    ? undefined
    : 'wildcard can only do suffix matching';
}

const levelTypes = ['Exempt', 'Limited'];
const responses = ['Queue', 'Reject'];
const number = (value: unknown) => (typeof value === 'number' ? value : 0);

/** How many requests of a level run at once, and what becomes of the others. */
export const validatePriorityLevel: Rule = (object, problems) => {
  const spec = part(object, 'spec') ?? {};
  const type = text(spec, 'type') ?? '';
  const [limited, free] = [part(spec, 'limited'), part(spec, 'exempt')];
  if ((text(part(object, 'metadata'), 'name') === exempt) !== (type === 'Exempt')) {
    problems.invalid('spec.type', type, "must be 'Exempt' if and only if `name` is 'exempt'");
  }
  if (type === 'Exempt') {
    if (limited !== undefined) problems.forbidden('spec.limited', 'must be nil if the type is not Limited');
    if (free !== undefined) validateShares(free, 'spec.exempt', problems);
  } else if (type === 'Limited') {
    if (free !== undefined) problems.forbidden('spec.exempt', 'must be nil if the type is Limited');
    if (limited === undefined) problems.required('spec.limited', 'must not be empty when type is Limited');
    else validateLimited(limited, problems);
  } else problems.unsupported('spec.type', type, levelTypes);
};

function validateShares(level: Fields, at: string, problems: Problems, between = () => {}): void {
  const shares = number(level.nominalConcurrencyShares);
  if (shares < 0) problems.invalid(`${at}.nominalConcurrencyShares`, shares, 'must be a non-negative integer');
  between();
  const lendable = number(level.lendablePercent);
  if (lendable < 0 || lendable > 100)
    problems.invalid(`${at}.lendablePercent`, lendable, 'must be between 0 and 100, inclusive');
}

function validateLimited(limited: Fields, problems: Problems): void {
  const at = 'spec.limited';
  validateShares(limited, at, problems, () => {
    validateResponse(part(limited, 'limitResponse') ?? {}, `${at}.limitResponse`, problems);
  });
  const borrowing = number(limited.borrowingLimitPercent);
  if (borrowing < 0)
    problems.invalid(`${at}.borrowingLimitPercent`, borrowing, 'if specified, must be a non-negative integer');
}

function validateResponse(response: Fields, at: string, problems: Problems): void {
  const type = text(response, 'type') ?? '';
  const queuing = part(response, 'queuing');
  if (type === 'Reject') {
    if (queuing !== undefined)
      problems.forbidden(`${at}.queuing`, 'must be nil if limited.limitResponse.type is not Limited');
  } else if (type === 'Queue') {
    if (queuing === undefined)
      problems.required(`${at}.queuing`, 'must not be empty if limited.limitResponse.type is Limited');
    else validateQueuing(queuing, `${at}.queuing`, problems);
  } else problems.unsupported(`${at}.type`, type, responses);
}

const maximumQueues = 10_000_000;
/** As many bits as the hash of a flow has to deal its queues from. */
const hashBits = 60;

function validateQueuing(queuing: Fields, at: string, problems: Problems): void {
  const [length, queues, hand] = [queuing.queueLengthLimit, queuing.queues, queuing.handSize].map(number) as [
    number,
    number,
    number,
  ];
  if (length <= 0) problems.invalid(`${at}.queueLengthLimit`, length, 'must be positive');
  if (queues <= 0) problems.invalid(`${at}.queues`, queues, 'must be positive');
  else if (queues > maximumQueues)
    problems.invalid(`${at}.queues`, queues, `must not be greater than ${maximumQueues}`);
  const handAt = `${at}.handSize`;
  if (hand <= 0) problems.invalid(handAt, hand, 'must be positive');
  else if (hand > queues) problems.invalid(handAt, hand, `should not be greater than queues (${queues})`);
  else if (Math.ceil(Math.log2(queues) * hand) > hashBits) {
    problems.invalid(
      handAt,
      hand,
      `required entropy bits of deckSize ${queues} and handSize ${hand} should not be greater than ${hashBits}`,
    );
  }
}
