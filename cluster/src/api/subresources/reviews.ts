import type { FieldSelector } from '@berth/kube/selectors';
import type { TokenUser } from '../authentication/service-accounts.ts';
import type { Attributes, Authorizer } from '../authorization/authorizer.ts';
import { nodeOf } from '../authorization/node/index.ts';
import type { RbacAuthorizer } from '../authorization/rbac.ts';
import { readable } from '../authorization/selection.ts';
import type { Call } from '../call.ts';
import { badRequest } from '../faults.ts';
import type { User } from '../types.ts';
import { isRecord } from '../verbs/decode.ts';
import { timestamp } from '../verbs/time.ts';
import type { Handler } from './subresources.ts';

/** Whose a token is for one of `audiences`, which is this server when there are none; undefined when nobody's. */
type Authenticate = (token: string, audiences: readonly string[] | undefined) => Promise<TokenUser | undefined>;

/** The questions that clients ask about who they are and what they may; answered, never stored. */
export function reviews({
  authorizer,
  rbac,
  authenticate,
}: {
  authorizer: Authorizer;
  rbac: RbacAuthorizer;
  authenticate: Authenticate;
}): ReadonlyMap<string, Handler> {
  const decide = (user: User, attributes: Attributes) => {
    const { allowed, reason } = authorizer.authorize(user, attributes);
    return reason === '' ? { allowed } : { allowed, reason };
  };
  const authorization = 'authorization.k8s.io';
  const authentication = 'authentication.k8s.io';
  return new Map<string, Handler>([
    [
      `${authorization}/selfsubjectaccessreviews`,
      async (_machinery, call) => answer(call, decide(call.user, attributesIn(specOf(call)))),
    ],
    [
      `${authorization}/subjectaccessreviews`,
      async (_machinery, call) => answer(call, decide(subjectOf(specOf(call)), attributesIn(specOf(call)))),
    ],
    [
      `${authorization}/localsubjectaccessreviews`,
      async (_machinery, call) => {
        return answer(call, decide(subjectOf(specOf(call)), attributesIn(specOf(call))));
      },
    ],
    [
      `${authorization}/selfsubjectrulesreviews`,
      async (_machinery, call) => {
        const namespace = specOf(call).namespace;
        if (typeof namespace !== 'string' || namespace === '') throw badRequest('no namespace on request');
        const rules = rbac.rulesFor(call.user, namespace);
        const resourceRules = rules.filter((rule) => (rule.resources ?? []).length > 0);
        const nonResourceRules = rules.filter((rule) => (rule.nonResourceURLs ?? []).length > 0);
        // What a node may is more than rules can say.
        const evaluationError = 'node authorizer does not support user rule resolution';
        const more = nodeOf(call.user) === undefined ? { incomplete: false } : { incomplete: true, evaluationError };
        const { value, ...rest } = answer(call, { resourceRules, nonResourceRules, ...more });
        return { ...rest, value: { ...value, metadata: {}, spec: {} } };
      },
    ],
    [
      `${authentication}/selfsubjectreviews`,
      async (machinery, call) => {
        const { value, ...rest } = answer(call, { userInfo: userInfo(call.user) });
        const { spec: _, ...reviewed } = value;
        return { ...rest, value: { ...reviewed, metadata: { creationTimestamp: timestamp(machinery.now()) } } };
      },
    ],
    [
      `${authentication}/tokenreviews`,
      async (_machinery, call) => {
        const { token, audiences } = specOf(call);
        if (typeof token !== 'string' || token === '')
          throw badRequest('token is required for TokenReview in authentication');
        const wanted = Array.isArray(audiences) && audiences.length > 0 ? (audiences as string[]) : undefined;
        const found = await authenticate(token, wanted);
        if (!found) return answer(call, { user: {}, error: 'invalid bearer token' });
        return answer(call, { authenticated: true, user: userInfo(found.user), audiences: found.audiences });
      },
    ],
  ]);
}

function answer(call: Call, status: object) {
  const { group, version, kind } = call.kind.description;
  const body = isRecord(call.body) ? call.body : {};
  const value: Record<string, unknown> = {
    kind,
    apiVersion: `${group}/${version}`,
    metadata: body.metadata ?? {},
    spec: body.spec ?? {},
    status,
  };
  return { type: 'value' as const, created: true, value };
}

function specOf(call: Call): Record<string, unknown> {
  const spec = isRecord(call.body) ? call.body.spec : undefined;
  return isRecord(spec) ? spec : {};
}

function attributesIn(spec: Record<string, unknown>): Attributes {
  const { resourceAttributes, nonResourceAttributes } = spec;
  if (isRecord(nonResourceAttributes)) {
    return { verb: text(nonResourceAttributes.verb), path: text(nonResourceAttributes.path) };
  }
  const { verb, group, version, resource, subresource, namespace, name, fieldSelector } = isRecord(resourceAttributes)
    ? resourceAttributes
    : {};
  return {
    verb: text(verb),
    group: text(group),
    version: text(version),
    resource: text(resource),
    subresource: text(subresource),
    namespace: text(namespace),
    name: text(name),
    ...(isRecord(fieldSelector) ? { fieldSelector: requirementsIn(fieldSelector) } : {}),
  };
}

/** What cannot be understood is left out, since without it more is asked for. Source: KEP-4601. */
function requirementsIn({ rawSelector, requirements }: Record<string, unknown>): FieldSelector {
  if (Array.isArray(requirements) && requirements.length > 0) {
    return requirements.filter(isRecord).flatMap(({ key, operator, values }) => {
      const isOne = Array.isArray(values) && values.length === 1;
      if (!isOne || (operator !== 'In' && operator !== 'NotIn')) return [];
      return { field: text(key), operator: operator === 'In' ? '=' : '!=', value: text(values[0]) } as const;
    });
  }
  return readable(text(rawSelector)) ?? [];
}

function subjectOf(spec: Record<string, unknown>): User {
  return { name: text(spec.user), groups: Array.isArray(spec.groups) ? (spec.groups as string[]) : [] };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function userInfo({ name, uid, groups, extra }: User): object {
  return { username: name, ...(uid ? { uid } : {}), groups, ...(extra ? { extra } : {}) };
}
