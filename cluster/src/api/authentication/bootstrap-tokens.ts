import { timingSafeEqual } from 'node:crypto';
import type { KubeClient } from '@berth/kube/client';
import { isBerthError } from '@berth/kube/errors';
import { resources, type Secret } from '@berth/kube/objects';
import type { Logger } from 'pino';
import { objectKey, resourcePrefix } from '../storage/keys.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { User } from '../types.ts';

const namespace = 'kube-system';
const secrets = resourcePrefix('', 'secrets');
const everybody = 'system:bootstrappers';
const extraGroup = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;
const sweepEveryMs = 30_000;

/**
 * The user of a token that lets a machine ask for its first certificate: `ID.SECRET`, good while the Secret
 * `kube-system/bootstrap-token-ID` holds it, says that it authenticates, and has not expired. Undefined for all others.
 * Source: "Authenticating with Bootstrap Tokens" of the Kubernetes documentation.
 */
export function bootstrapUser(storage: ObjectStorage, token: string, now: Date): User | undefined {
  const [, id = '', secret = ''] = /^([a-z0-9]{6})\.([a-z0-9]{16})$/.exec(token) ?? [];
  if (id === '') return undefined;
  const found = storage.get(objectKey(secrets, namespace, `bootstrap-token-${id}`));
  if (!found || found.fault || found.object.metadata.deletionTimestamp !== undefined) return undefined;
  const object = found.object as Secret;
  if (!isBootstrapToken(object) || !isSame(field(object, 'token-secret'), secret)) return undefined;
  if (field(object, 'token-id') !== id || hasExpired(object, now)) return undefined;
  if (field(object, 'usage-bootstrap-authentication') !== 'true') return undefined;
  const extra = field(object, 'auth-extra-groups');
  const groups = extra === '' ? [] : extra.split(',');
  // One that means more than it may is good for nothing.
  if (!groups.every((group) => extraGroup.test(group))) return undefined;
  return { name: `system:bootstrap:${id}`, groups: [...new Set([everybody, ...groups])].sort() };
}

/** Removes bootstrap tokens that have expired, within half a minute, until the answered function is called. */
export function keepRemovingExpiredTokens(parts: {
  storage: ObjectStorage;
  client: KubeClient;
  now: () => Date;
  logger: Logger;
}): () => void {
  const { storage, client, now, logger } = parts;
  const sweep = () => {
    const readable = storage.list(`${secrets}${namespace}/`).filter(({ fault }) => !fault);
    removeExpired({ client, now: now(), listed: readable.map(({ object }) => object as Secret) }).catch((error) =>
      logger.warn({ err: error }, 'bootstrap tokens that have expired could not be removed'),
    );
  };
  const timer = setInterval(sweep, sweepEveryMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** Removes those of the listed Secrets that are bootstrap tokens and have expired. */
export async function removeExpired(parts: { client: KubeClient; now: Date; listed: Secret[] }): Promise<void> {
  const { client, now, listed } = parts;
  for (const secret of listed.filter((one) => isBootstrapToken(one) && hasExpired(one, now))) {
    const { name, uid } = secret.metadata;
    try {
      await client.delete(resources.secrets, { namespace, name }, uid === undefined ? {} : { preconditions: { uid } });
    } catch (error) {
      // Somebody else was faster, or wrote another.
      if (!isBerthError(error, 'NotFound') && !isBerthError(error, 'Conflict')) throw error;
    }
  }
}

function isBootstrapToken({ type }: Secret): boolean {
  return type === 'bootstrap.kubernetes.io/token';
}

/** What says no time that can be read has expired. */
function hasExpired(secret: Secret, now: Date): boolean {
  const text = field(secret, 'expiration');
  if (text === '') return false;
  const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/.test(text);
  const end = isTime ? Date.parse(text) : Number.NaN;
  return Number.isNaN(end) || end <= now.getTime();
}

function field({ data }: Secret, name: string): string {
  return Buffer.from(data?.[name] ?? '', 'base64').toString();
}

function isSame(kept: string, given: string): boolean {
  const [a, b] = [Buffer.from(kept), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
}
