import { BerthError } from '@berth/kube/errors';
import type { KubeObject, ObjectMeta, Pod } from '@berth/kube/objects';
import { admitted } from '../admission/values.ts';
import type { ServiceAccountTokens, TokenOrder } from '../authentication/service-accounts.ts';
import type { Call } from '../call.ts';
import { badRequest, invalid } from '../faults.ts';
import type { Machinery } from '../machinery.ts';
import { objectKey, resourcePrefix } from '../storage/keys.ts';
import { isRecord } from '../verbs/decode.ts';
import { find } from '../verbs/get.ts';
import { timestamp } from '../verbs/time.ts';
import type { Handler } from './subresources.ts';

const defaultSeconds = 3600;
const leastSeconds = 600;
const mostSeconds = 2 ** 32;

/** `serviceaccounts/token`: a TokenRequest, answered with a token of our own. */
export function tokenRequests(tokens: ServiceAccountTokens): Handler {
  return async (machinery, call) => {
    const account = (await find(machinery, { ...call, options: new Map() })).object;
    const body = await admitted(machinery, call, { operation: 'CREATE', object: sent(call) });
    const spec = isRecord(body.spec) ? body.spec : {};
    const audiences = audiencesOf(spec.audiences) ?? [tokens.issuer];
    const expirationSeconds = secondsOf(spec.expirationSeconds);
    const order: TokenOrder = { account, audiences, expirationSeconds };
    const bound = spec.boundObjectRef ?? undefined;
    if (bound !== undefined && !isRecord(bound)) throw badRequest('spec.boundObjectRef must be an object');
    if (bound !== undefined) order.boundTo = boundObject(machinery, account.metadata, bound);
    const { token, expires } = await tokens.issue(order);
    return {
      type: 'value',
      created: true,
      value: {
        kind: 'TokenRequest',
        apiVersion: 'authentication.k8s.io/v1',
        metadata: {
          name: account.metadata.name,
          namespace: call.namespace,
          creationTimestamp: timestamp(machinery.now()),
        },
        spec: { audiences, expirationSeconds, ...(spec.boundObjectRef ? { boundObjectRef: spec.boundObjectRef } : {}) },
        status: { token, expirationTimestamp: timestamp(expires) },
      },
    };
  };
}

/** The TokenRequest that came in, with what its path says. */
function sent({ body, name, namespace }: Call): KubeObject {
  const given = isRecord(body) ? body : {};
  const metadata = { ...(isRecord(given.metadata) ? given.metadata : {}), name, namespace };
  return { ...given, kind: 'TokenRequest', apiVersion: 'authentication.k8s.io/v1', metadata };
}

/** Undefined when none is asked for. Throws `BadRequest`. */
function audiencesOf(value: unknown): string[] | undefined {
  const given = value ?? [];
  if (!Array.isArray(given) || given.some((one) => typeof one !== 'string')) {
    throw badRequest('spec.audiences must be a list of strings');
  }
  return given.length > 0 ? given : undefined;
}

function secondsOf(value: unknown): number {
  const seconds = value ?? defaultSeconds;
  if (typeof seconds === 'number' && seconds >= leastSeconds && seconds <= mostSeconds) return Math.floor(seconds);
  const isMore = typeof seconds === 'number' && seconds > mostSeconds;
  const why = `may not specify a duration ${isMore ? 'larger than 2^32 seconds' : 'less than 10 minutes'}`;
  const message = `Invalid value: ${JSON.stringify(seconds)}: ${why}`;
  // Judged before it is known whose token it is to be.
  throw invalid({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, '', [
    { reason: 'FieldValueInvalid', message, field: 'spec.expirationSeconds' },
  ]);
}

function boundObject(
  { storage }: Machinery,
  account: ObjectMeta,
  ref: Record<string, unknown>,
): NonNullable<TokenOrder['boundTo']> {
  const { kind, name, uid } = ref;
  if ((kind !== 'Pod' && kind !== 'Secret' && kind !== 'Node') || typeof name !== 'string') {
    throw badRequest(`cannot bind token for serviceaccount to type: ${String(kind)}`);
  }
  const prefix = resourcePrefix('', `${kind.toLowerCase()}s`);
  const found = storage.get(objectKey(prefix, kind === 'Node' ? undefined : account.namespace, name));
  if (!found) throw new BerthError('NotFound', `${kind.toLowerCase()}s "${name}" not found`);
  const pod = kind === 'Pod' ? (found.object as Pod) : undefined;
  if (pod && pod.spec?.serviceAccountName !== account.name) {
    throw badRequest(
      `cannot bind token for serviceaccount "${account.name}" to pod running with different serviceaccount name.`,
    );
  }
  const actual = found.object.metadata.uid ?? '';
  if (typeof uid === 'string' && uid !== '' && uid !== actual) {
    throw new BerthError(
      'Conflict',
      `the UID in the bound object reference (${uid}) does not match the UID in record (${actual})`,
    );
  }
  return { kind, name, uid: actual };
}
