import type { KubeObject, ObjectMeta, Pod } from '@berth/kube/objects';
import { decodeDefinition, invalidError } from '@berth/kube/schema';
import { admitted } from '../admission/values.ts';
import type { ServiceAccountTokens, TokenOrder } from '../authentication/service-accounts.ts';
import type { Call } from '../call.ts';
import { badRequest, conflict, notFound } from '../faults.ts';
import type { Machinery } from '../machinery.ts';
import { ownedValue } from '../schema/ownership.ts';
import { objectKey, resourcePrefix } from '../storage/keys.ts';
import { isRecord } from '../verbs/decode.ts';
import { find } from '../verbs/get.ts';
import { timestamp } from '../verbs/time.ts';
import type { Handler } from './subresources.ts';

const tokenRequestDefinition = 'io.k8s.api.authentication.v1.TokenRequest';
const defaultSeconds = 3600;
const leastSeconds = 600;
const mostSeconds = 2 ** 32;

const type = { group: 'authentication.k8s.io', kind: 'TokenRequest' };

/** `serviceaccounts/token`: a TokenRequest, answered with a token of our own. */
export function tokenRequests(tokens: ServiceAccountTokens): Handler {
  return async (machinery, call) => {
    const asked = ownedValue(machinery, call, tokenRequestDefinition, sent(call));
    checkIdentity(call, asked.metadata);
    const account = (await find(machinery, { ...call, options: new Map() })).object;
    checkUid(call, asked.metadata.uid, account.metadata.uid);
    const { name, namespace, uid } = account.metadata;
    const creationTimestamp = timestamp(machinery.now());
    const metadata = { ...asked.metadata, name, namespace, uid, creationTimestamp } as ObjectMeta;
    const body = await admitted(machinery, call, { operation: 'CREATE', object: { ...asked, metadata } });
    const spec = isRecord(body.spec) ? body.spec : {};
    const audiences = Array.isArray(spec.audiences) && spec.audiences.length > 0 ? spec.audiences : [tokens.issuer];
    const expirationSeconds = spec.expirationSeconds as number;
    checkSeconds(expirationSeconds);
    const order: TokenOrder = { account, audiences: audiences as string[], expirationSeconds };
    const bound = isRecord(spec.boundObjectRef) ? spec.boundObjectRef : undefined;
    if (bound !== undefined) Object.assign(order, boundObject(machinery, account.metadata, bound));
    const { token, expires } = await tokens.issue(order);
    return {
      type: 'value',
      created: true,
      value: {
        kind: 'TokenRequest',
        apiVersion: 'authentication.k8s.io/v1',
        metadata: body.metadata,
        spec: { audiences, expirationSeconds, boundObjectRef: bound ?? null },
        status: { token, expirationTimestamp: timestamp(expires) },
      },
    };
  };
}

/** The TokenRequest that came in, with its defaults. Throws `BadRequest`. */
function sent({ body }: Call): KubeObject {
  const { object } = decodeDefinition(tokenRequestDefinition, body ?? {}, { mode: 'Ignore' });
  const given = object as unknown as KubeObject;
  const spec = { ...(given.spec as object | undefined) } as Record<string, unknown>;
  spec.expirationSeconds ??= defaultSeconds;
  const metadata = (given.metadata ?? {}) as ObjectMeta;
  return { kind: 'TokenRequest', apiVersion: 'authentication.k8s.io/v1', metadata, spec };
}

/** What the request says of itself is what its path says. */
function checkIdentity(call: Call, metadata: ObjectMeta): void {
  for (const field of ['name', 'namespace'] as const) {
    const value = metadata[field];
    if (!value || value === call[field]) continue;
    const message = `Invalid value: ${JSON.stringify(value)}: must match the service account ${field} if specified`;
    throw invalidError(type, call.name, [{ reason: 'FieldValueInvalid', message, field: `metadata.${field}` }]);
  }
}

function checkUid({ name }: Call, uid: string | undefined, actual: string | undefined): void {
  if (!uid || uid === actual) return;
  const why = `the UID in the token request (${uid}) does not match the UID of the service account (${actual})`;
  throw conflict({ group: type.group, resource: type.kind }, name, why);
}

function checkSeconds(seconds: number): void {
  if (seconds >= leastSeconds && seconds <= mostSeconds) return;
  const bound = seconds < leastSeconds ? 'less than 10 minutes' : 'larger than 2^32 seconds';
  const message = `Invalid value: ${seconds}: may not specify a duration ${bound}`;
  throw invalidError(type, '', [{ reason: 'FieldValueInvalid', message, field: 'spec.expirationSeconds' }]);
}

function boundObject(
  { storage }: Machinery,
  account: ObjectMeta,
  ref: Record<string, unknown>,
): Pick<TokenOrder, 'boundTo' | 'node'> {
  const { apiVersion, kind, name, uid } = ref;
  const version = typeof apiVersion === 'string' ? apiVersion : '';
  if ((kind !== 'Pod' && kind !== 'Secret' && kind !== 'Node') || version.includes('/')) {
    const shown = version.includes('/') ? version : `/${version}`;
    throw badRequest(`cannot bind token to object of type ${shown}, Kind=${String(kind ?? '')}`);
  }
  if (typeof name !== 'string' || name === '') throw badRequest('Name parameter required.');
  const resource = `${kind.toLowerCase()}s`;
  const prefix = resourcePrefix('', resource);
  const found = storage.get(objectKey(prefix, kind === 'Node' ? undefined : account.namespace, name));
  if (!found) throw notFound({ group: '', resource }, name);
  const pod = kind === 'Pod' ? (found.object as Pod) : undefined;
  if (pod && pod.spec?.serviceAccountName !== account.name) {
    throw badRequest(
      `cannot bind token for serviceaccount "${account.name}" to pod running with different serviceaccount name.`,
    );
  }
  const actual = found.object.metadata.uid ?? '';
  if (typeof uid === 'string' && uid !== '' && uid !== actual) {
    const why = `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`;
    throw conflict({ group: '', resource: kind }, name, why);
  }
  const nodeName = pod?.spec?.nodeName;
  const node = nodeName ? storage.get(objectKey(resourcePrefix('', 'nodes'), undefined, nodeName)) : undefined;
  return {
    boundTo: { kind, name, uid: actual },
    ...(node && nodeName ? { node: { name: nodeName, uid: node.object.metadata.uid ?? '' } } : {}),
  };
}
