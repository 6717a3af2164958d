import { CelValue } from '../program.ts';
import { Opaque } from '../values/value.ts';
import { type CallCost, declare } from './declare.ts';

/** What an expression asks about: a resource, or a path outside of the API's resources. */
export interface CelAuthorizationQuery {
  readonly verb: string;
  readonly path?: string;
  readonly resource?: {
    readonly group: string;
    readonly resource: string;
    readonly subresource: string;
    readonly namespace: string;
    readonly name: string;
    /** As written; empty when none was given. */
    readonly fieldSelector: string;
    readonly labelSelector: string;
  };
  /** Ask for this service account instead of the user who makes the request. */
  readonly serviceAccount?: { readonly namespace: string; readonly name: string };
}

export interface CelAuthorization {
  readonly allowed: boolean;
  readonly reason?: string;
  /** Why the question could not be answered. */
  readonly error?: string;
}

/** Answers at once: an expression cannot wait. */
export type CelAuthorize = (query: CelAuthorizationQuery) => CelAuthorization;

const prefix = 'kubernetes.authorization.';

abstract class Check extends Opaque {
  readonly authorize: CelAuthorize;

  constructor(authorize: CelAuthorize) {
    super();
    this.authorize = authorize;
  }

  equals(other: Opaque): boolean {
    return this === other;
  }

  plain(): string {
    return this.typeName;
  }
}

type ServiceAccount = CelAuthorizationQuery['serviceAccount'];
type Resource = NonNullable<CelAuthorizationQuery['resource']>;

class Authorizer extends Check {
  readonly typeName = `${prefix}Authorizer`;
  readonly account: ServiceAccount;

  constructor(authorize: CelAuthorize, account?: ServiceAccount) {
    super(authorize);
    this.account = account;
  }

  ask(query: CelAuthorizationQuery): Decision {
    const { account } = this;
    return new Decision(this.authorize(account === undefined ? query : { ...query, serviceAccount: account }));
  }
}

class PathCheck extends Check {
  readonly typeName = `${prefix}PathCheck`;
  readonly authorizer: Authorizer;
  readonly path: string;

  constructor(authorizer: Authorizer, path: string) {
    super(authorizer.authorize);
    this.authorizer = authorizer;
    this.path = path;
  }
}

class GroupCheck extends Check {
  readonly typeName = `${prefix}GroupCheck`;
  readonly authorizer: Authorizer;
  readonly group: string;

  constructor(authorizer: Authorizer, group: string) {
    super(authorizer.authorize);
    this.authorizer = authorizer;
    this.group = group;
  }
}

class ResourceCheck extends Check {
  readonly typeName = `${prefix}ResourceCheck`;
  readonly authorizer: Authorizer;
  readonly resource: Resource;

  constructor(authorizer: Authorizer, resource: Resource) {
    super(authorizer.authorize);
    this.authorizer = authorizer;
    this.resource = resource;
  }

  with(change: Partial<Resource>): ResourceCheck {
    return new ResourceCheck(this.authorizer, { ...this.resource, ...change });
  }
}

class Decision extends Opaque {
  readonly typeName = `${prefix}Decision`;
  readonly answer: CelAuthorization;

  constructor(answer: CelAuthorization) {
    super();
    this.answer = answer;
  }

  equals(other: Opaque): boolean {
    return this === other;
  }

  plain(): string {
    return this.typeName;
  }
}

/** The value of the variable `authorizer`, declared as `opaque('kubernetes.authorization.Authorizer')`. */
export function celAuthorizer(authorize: CelAuthorize): CelValue {
  return new CelValue(new Authorizer(authorize));
}

/** The value of `authorizer.requestResource`, declared as `opaque('kubernetes.authorization.ResourceCheck')`. */
export function celResourceCheck(
  authorize: CelAuthorize,
  resource: { group: string; resource: string; subresource?: string; namespace?: string; name?: string },
): CelValue {
  const { group, subresource = '', namespace = '', name = '' } = resource;
  const whole = {
    group,
    resource: resource.resource,
    subresource,
    namespace,
    name,
    fieldSelector: '',
    labelSelector: '',
  };
  return new CelValue(new ResourceCheck(new Authorizer(authorize), whole));
}

/** Two questions are the most that one expression can afford. */
const asking: CallCost = () => 350_000;
const selector: CallCost = ([, text]) =>
  10 + Math.ceil((text as string).length * 0.1) + Math.ceil(Math.ceil((text as string).length * 0.5) * 50);

function resourceOf(check: GroupCheck, resource: string): ResourceCheck {
  const rest = { subresource: '', namespace: '', name: '', fieldSelector: '', labelSelector: '' };
  return new ResourceCheck(check.authorizer, { group: check.group, resource, ...rest });
}

/** Who may do what. Source: the authorizer library of `k8s.io/apiserver/pkg/cel/library`. */
export const authorizer = [
  declare('authorizer.path(string): pathcheck', (value: Authorizer, path: string) => new PathCheck(value, path)),
  declare('authorizer.group(string): groupcheck', (value: Authorizer, group: string) => new GroupCheck(value, group)),
  declare(
    'authorizer.serviceAccount(string, string): authorizer',
    (value: Authorizer, namespace: string, name: string) => {
      return new Authorizer(value.authorize, { namespace, name });
    },
  ),
  declare('groupcheck.resource(string): resourcecheck', resourceOf),
  declare('resourcecheck.subresource(string): resourcecheck', (value: ResourceCheck, subresource: string) =>
    value.with({ subresource }),
  ),
  declare('resourcecheck.namespace(string): resourcecheck', (value: ResourceCheck, namespace: string) =>
    value.with({ namespace }),
  ),
  declare('resourcecheck.name(string): resourcecheck', (value: ResourceCheck, name: string) => value.with({ name })),
  declare(
    'resourcecheck.fieldSelector(string): resourcecheck',
    (value: ResourceCheck, fieldSelector: string) => value.with({ fieldSelector }),
    selector,
  ),
  declare(
    'resourcecheck.labelSelector(string): resourcecheck',
    (value: ResourceCheck, labelSelector: string) => value.with({ labelSelector }),
    selector,
  ),
  declare(
    'pathcheck.check(string): decision',
    ({ authorizer: by, path }: PathCheck, verb: string) => by.ask({ verb, path }),
    asking,
  ),
  declare(
    'resourcecheck.check(string): decision',
    ({ authorizer: by, resource }: ResourceCheck, verb: string) => by.ask({ verb, resource }),
    asking,
  ),
  declare('decision.allowed(): bool', ({ answer }: Decision) => answer.allowed),
  declare('decision.reason(): string', ({ answer }: Decision) => answer.reason ?? ''),
  declare('decision.errored(): bool', ({ answer }: Decision) => answer.error !== undefined),
  declare('decision.error(): string', ({ answer }: Decision) => answer.error ?? ''),
];
