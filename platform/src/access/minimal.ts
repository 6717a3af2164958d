import type { PathAttributes, RbacPolicy, ResourceAttributes, Rule } from '@berth/kube/rbac';

/** A request as an audit log of Kubernetes tells of it (`audit.k8s.io/v1`), as far as it is looked at here. */
export interface RecordedRequest {
  verb: string;
  requestURI: string;
  user: { username?: string };
  impersonatedUser?: { username?: string; groups?: string[] };
  objectRef?: { resource?: string; namespace?: string; name?: string; apiGroup?: string; subresource?: string };
  responseStatus?: { code?: number };
  annotations?: Record<string, string>;
  requestObject?: unknown;
  responseObject?: unknown;
  requestReceivedTimestamp: string;
}

/** The rules that are wanted in one namespace, or with '' in the cluster as a whole. */
export interface MinimalRole {
  namespace: string;
  rules: Rule[];
}

export interface MinimalAccess {
  roles: MinimalRole[];
  /** How many requests they would let through. */
  requests: number;
  /** How many need no role, since everybody has what they need. */
  common: number;
  /** What was asked for and refused, and is not in the roles; each once. */
  refused: (ResourceAttributes | PathAttributes)[];
  from?: string;
  to?: string;
}

export interface MinimalOptions {
  /** With it, what everybody may is left out. */
  policy?: RbacPolicy;
  /** Of a kind of which more objects than these were touched, the role allows any. */
  maxNames?: number;
  /** Also let through what was refused. */
  includeRefused?: boolean;
}

const everybody = { name: '', groups: ['system:authenticated'] };

/**
 * The smallest roles with which somebody could have sent the requests of a record, and nothing else: every rule, verb, kind and name in
 * them is there because a request needed it.
 */
export function minimalAccess(
  user: string,
  requests: Iterable<RecordedRequest>,
  { policy, maxNames = 10, includeRefused = false }: MinimalOptions = {},
): MinimalAccess {
  const needs = new Needs(maxNames);
  const refused = new Map<string, ResourceAttributes | PathAttributes>();
  const counts = { requests: 0, common: 0 };
  let from: string | undefined;
  let to: string | undefined;
  for (const request of requests) {
    const isOwn = request.user.username === user;
    const { impersonatedUser } = request;
    const wanted: (ResourceAttributes | PathAttributes)[] = [];
    if (isOwn && impersonatedUser) wanted.push(...impersonation(impersonatedUser));
    const acts = (impersonatedUser?.username ?? request.user.username) === user;
    if (acts) wanted.push(attributesOf(request), ...grantedBy(request, needs));
    if (wanted.length === 0) continue;
    from ??= request.requestReceivedTimestamp;
    to = request.requestReceivedTimestamp;
    if (acts && isRefused(request) && !includeRefused) {
      for (const each of wanted) refused.set(JSON.stringify(each), each);
      continue;
    }
    const special = wanted.filter((each) => policy?.grantOf(everybody, each) === undefined);
    counts[special.length === 0 ? 'common' : 'requests']++;
    for (const each of special) needs.add(each);
  }
  return {
    roles: needs.roles(),
    ...counts,
    refused: [...refused.values()],
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
}

/** Who refused it is in the annotations; quota and admission refuse with the same status what roles allow. */
function isRefused({ annotations, responseStatus }: RecordedRequest): boolean {
  const decision = annotations?.['authorization.k8s.io/decision'];
  return decision === undefined ? responseStatus?.code === 403 : decision === 'forbid';
}

const named = new Set(['get', 'update', 'patch', 'delete']);
const ofMany = new Set(['list', 'watch']);

function attributesOf({ verb, requestURI, objectRef }: RecordedRequest): ResourceAttributes | PathAttributes {
  const [path = '', query = ''] = requestURI.split('?');
  if (objectRef?.resource === undefined) return { verb, path };
  const { apiGroup = '', resource, subresource = '', namespace = '' } = objectRef;
  // A request that creates has no name yet as far as roles are concerned, though its record has one.
  const isNamed = named.has(verb) || subresource !== '';
  const name = isNamed ? (objectRef.name ?? '') : ofMany.has(verb) ? selectedName(query) : '';
  // A namespace is recorded as being in itself.
  return { verb, group: apiGroup, resource, subresource, namespace, name };
}

/** Asking for a list of one is asking for that one. */
function selectedName(query: string): string {
  const selector = new URLSearchParams(query).get('fieldSelector') ?? '';
  return /(?:^|,)metadata\.name==?([^,=]+)(?:,|$)/.exec(selector)?.[1] ?? '';
}

function impersonation({ username = '', groups = [] }: NonNullable<RecordedRequest['impersonatedUser']>) {
  const account = /^system:serviceaccount:([^:]+):(.+)$/.exec(username);
  const of = (resource: string, name: string, namespace = '') => {
    return { verb: 'impersonate', group: '', resource, subresource: '', namespace, name };
  };
  const given = groups.filter((group) => group !== 'system:authenticated');
  return account
    ? [of('serviceaccounts', account[2] ?? '', account[1])]
    : [of('users', username), ...given.map((group) => of('groups', group))];
}

/** Who binds a role must be allowed to; who writes one must hold what it holds. */
function grantedBy(request: RecordedRequest, needs: Needs): ResourceAttributes[] {
  const { objectRef, verb, responseObject, requestObject } = request;
  const isWrite = ['create', 'update', 'patch'].includes(verb);
  if (objectRef?.apiGroup !== 'rbac.authorization.k8s.io' || !isWrite || isRefused(request)) return [];
  const { namespace = '' } = objectRef;
  const written = (responseObject ?? requestObject ?? {}) as {
    roleRef?: { kind: string; name: string };
    rules?: Rule[];
  };
  if (written.roleRef) {
    const resource = written.roleRef.kind === 'ClusterRole' ? 'clusterroles' : 'roles';
    const { name } = written.roleRef;
    return [{ verb: 'bind', group: 'rbac.authorization.k8s.io', resource, subresource: '', namespace, name }];
  }
  for (const rule of written.rules ?? []) needs.hold(namespace, rule);
  return [];
}

/** Verb → names, or undefined for any. */
type Verbs = Map<string, Set<string> | undefined>;

/** What is needed so far, and the fewest rules that say it. */
class Needs {
  readonly #maxNames: number;
  /** By namespace, then by group and resource. */
  readonly #resources = new Map<string, Map<string, Verbs>>();
  /** Path → verbs. */
  readonly #paths = new Map<string, Set<string>>();
  readonly #held = new Map<string, Map<string, Rule>>();

  constructor(maxNames: number) {
    this.#maxNames = maxNames;
  }

  add(wanted: ResourceAttributes | PathAttributes): void {
    if ('path' in wanted) {
      entry(this.#paths, wanted.path, () => new Set<string>()).add(wanted.verb);
      return;
    }
    const { namespace, group, resource, subresource, verb, name } = wanted;
    const kinds = entry(this.#resources, namespace, () => new Map<string, Verbs>());
    const verbs = entry(
      kinds,
      `${group} ${subresource === '' ? resource : `${resource}/${subresource}`}`,
      () => new Map(),
    );
    if (name === '') verbs.set(verb, undefined);
    else if (!verbs.has(verb)) verbs.set(verb, new Set([name]));
    else verbs.get(verb)?.add(name);
  }

  hold(namespace: string, rule: Rule): void {
    entry(this.#held, namespace, () => new Map()).set(JSON.stringify(rule), rule);
  }

  roles(): MinimalRole[] {
    const namespaces = [...new Set(['', ...this.#resources.keys(), ...this.#held.keys()])].sort();
    return namespaces.flatMap((namespace) => {
      const rules = [...this.#rulesIn(namespace), ...(this.#held.get(namespace)?.values() ?? [])];
      if (namespace === '') rules.push(...this.#pathRules());
      return rules.length === 0 ? [] : [{ namespace, rules }];
    });
  }

  #rulesIn(namespace: string): Rule[] {
    // Kinds with the same verbs on the same names become one rule; it allows nothing that they do not.
    const merged = new Map<string, { group: string; names: string[]; verbs: string[]; resources: string[] }>();
    for (const [kind, verbs] of sorted(this.#resources.get(namespace) ?? new Map<string, Verbs>())) {
      const [group = '', resource = ''] = kind.split(' ');
      const byNames = new Map<string, string[]>();
      for (const [verb, names] of sorted(verbs)) {
        const few = this.#fewNames(names);
        if (this.#isHeldEverywhere(namespace, kind, verb, few)) continue;
        entry(byNames, JSON.stringify(few), () => []).push(verb);
      }
      for (const [names, verbsOfNames] of byNames) {
        const key = JSON.stringify([group, names, verbsOfNames]);
        const rule = { group, names: JSON.parse(names) as string[], verbs: verbsOfNames, resources: [] };
        entry(merged, key, () => rule).resources.push(resource);
      }
    }
    return [...merged.values()].map(({ group, names, verbs, resources }) => {
      return { apiGroups: [group], resources, ...(names.length > 0 ? { resourceNames: names } : {}), verbs };
    });
  }

  /** [] for any. */
  #fewNames(names: Set<string> | undefined): string[] {
    return names === undefined || names.size > this.#maxNames ? [] : [...names].sort();
  }

  /** What the role of the whole cluster allows need not be allowed in a namespace again. */
  #isHeldEverywhere(namespace: string, kind: string, verb: string, names: readonly string[]): boolean {
    if (namespace === '') return false;
    const verbs = this.#resources.get('')?.get(kind);
    if (!verbs?.has(verb)) return false;
    const held = this.#fewNames(verbs.get(verb));
    return held.length === 0 || (names.length > 0 && names.every((name) => held.includes(name)));
  }

  #pathRules(): Rule[] {
    const byVerbs = new Map<string, string[]>();
    for (const [path, verbs] of sorted(this.#paths)) entry(byVerbs, [...verbs].sort().join(), () => []).push(path);
    return [...byVerbs].map(([verbs, paths]) => ({ nonResourceURLs: paths, verbs: verbs.split(',') }));
  }
}

function sorted<V>(map: ReadonlyMap<string, V>): [string, V][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}
