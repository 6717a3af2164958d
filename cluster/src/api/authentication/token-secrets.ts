import type { KubeClient } from '@berth/kube/client';
import { isBerthError } from '@berth/kube/errors';
import { type KubeObject, resources, type Secret } from '@berth/kube/objects';
import type { Logger } from 'pino';
import { objectKey, resourcePrefix } from '../storage/keys.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { StoredObject } from '../storage/stored-object.ts';
import type { SecretTokens } from './secret-tokens.ts';

const tokenType = 'kubernetes.io/service-account-token';
const nameAnnotation = 'kubernetes.io/service-account.name';
const uidAnnotation = 'kubernetes.io/service-account.uid';

const secrets = resourcePrefix('', 'secrets');
const accounts = resourcePrefix('', 'serviceaccounts');

export interface TokenSecretsOptions {
  storage: ObjectStorage;
  /** As whom the server itself acts. */
  client: KubeClient;
  tokens: SecretTokens;
  /** PEM of the authority that the server's own certificate is of. */
  clusterCa: string;
  logger: Logger;
}

/**
 * Puts a token that does not expire into every Secret that asks for one by its type and names an account, and removes those whose account is
 * gone, and their tokens with them. Source: "Service account token Secrets" of the Kubernetes documentation.
 */
export function keepTokenSecrets({ storage, client, tokens, clusterCa, logger }: TokenSecretsOptions): () => void {
  const keep = async (secret: Secret): Promise<void> => {
    const { name, namespace = '', uid } = secret.metadata;
    if (secret.type !== tokenType || secret.metadata.deletionTimestamp !== undefined) return;
    const key = { namespace, name };
    const preconditions = uid === undefined ? {} : { preconditions: { uid } };
    try {
      const account = accountOf(storage, secret);
      if (!account) {
        await client.delete(resources.secrets, key, preconditions);
        return;
      }
      const body = await missing(secret, account);
      if (body) await client.patch(resources.secrets, key, { type: 'merge', body });
    } catch (error) {
      // Somebody else was faster: what he wrote brings the secret here again.
      if (isBerthError(error, 'NotFound') || isBerthError(error, 'Conflict')) return;
      logger.warn({ err: error, ...key }, 'the token of a service account could not be kept');
    }
  };

  const missing = async ({ metadata, data = {} }: Secret, account: KubeObject) => {
    const { namespace = '', name, uid } = metadata;
    const wanted: Record<string, string> = { 'ca.crt': base64(clusterCa), namespace: base64(namespace) };
    if (!data.token) wanted.token = base64(await tokens.issue(account, name));
    const changed = Object.entries(wanted).filter(([field, value]) =>
      field === 'namespace' ? !data.namespace : data[field] !== value,
    );
    const isMarked = metadata.annotations?.[uidAnnotation] === account.metadata.uid;
    if (changed.length === 0 && isMarked) return undefined;
    const annotations = { [uidAnnotation]: account.metadata.uid };
    return {
      metadata: { uid, resourceVersion: metadata.resourceVersion, annotations },
      data: Object.fromEntries(changed),
    };
  };

  const keepAllOf = ({ metadata }: KubeObject) => {
    for (const { object } of readable(storage.list(`${secrets}${metadata.namespace}/`))) {
      if (object.metadata.annotations?.[nameAnnotation] === metadata.name) void keep(object as Secret);
    }
  };
  for (const { object } of readable(storage.list(secrets))) void keep(object as Secret);
  const stops = [
    storage.listen(secrets, ({ type, object }) => {
      if (type === 'put') void keep(object.object as Secret);
    }),
    storage.listen(accounts, (event) => {
      if (event.type === 'delete' || !event.previous) keepAllOf(event.object.object);
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

/** A Secret that cannot be read is left alone. */
function readable(objects: readonly StoredObject[]): readonly StoredObject[] {
  return objects.filter(({ fault }) => fault === undefined);
}

/** The account that the secret names, if there is one, and it is the one that the secret was made for. */
function accountOf(storage: ObjectStorage, { metadata }: Secret): KubeObject | undefined {
  const { namespace, annotations = {} } = metadata;
  const found = storage.get(objectKey(accounts, namespace, annotations[nameAnnotation] ?? ''))?.object;
  const uid = annotations[uidAnnotation];
  return uid === undefined || uid === '' || found?.metadata.uid === uid ? found : undefined;
}

const lastUsed = 'kubernetes.io/legacy-token-last-used';

interface UseOptions {
  client: Pick<KubeClient, 'patch'>;
  now(): Date;
  logger: Logger;
}

/**
 * Notes the day on which the token of a secret was used, so that those that nobody uses can be found. Once a day for each
 * secret, whatever comes of it: a token may be used with every request.
 */
export function noteUses({ client, now, logger }: UseOptions): (secret: Secret) => void {
  let today = '';
  const tried = new Set<string>();
  return (secret) => {
    const { name, namespace, uid = '' } = secret.metadata;
    const day = dayOf(now().getTime());
    if (day !== today) tried.clear();
    today = day;
    if (tried.has(uid)) return;
    tried.add(uid);
    noteUse(client, secret, now()).catch((error: unknown) => {
      // It is gone, or another one of that name is there.
      if (isBerthError(error, 'NotFound') || isBerthError(error, 'Conflict')) return;
      logger.warn({ err: error, namespace, name }, 'the use of a token could not be noted');
    });
  };
}

async function noteUse(client: UseOptions['client'], { metadata }: Secret, now: Date): Promise<void> {
  const noted = metadata.labels?.[lastUsed];
  // Another server's clock may be a little ahead.
  if (noted === dayOf(now.getTime()) || noted === dayOf(now.getTime() + 86_400_000)) return;
  const { name, namespace = '', uid } = metadata;
  const body = { metadata: { ...(uid === undefined ? {} : { uid }), labels: { [lastUsed]: dayOf(now.getTime()) } } };
  await client.patch(resources.secrets, { namespace, name }, { type: 'merge', body });
}

const dayOf = (time: number) => new Date(time).toISOString().slice(0, 10);
const base64 = (text: string) => Buffer.from(text).toString('base64');
