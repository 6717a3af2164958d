import { timingSafeEqual } from 'node:crypto';
import type { KubeObject, Secret } from '@berth/kube/objects';
import { objectKey, resourcePrefix } from '../storage/keys.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { User } from '../types.ts';
import { accountUser } from './service-accounts.ts';
import type { SigningKey } from './signing-key.ts';

const issuer = 'kubernetes/serviceaccount';
const claim = (name: string) => `${issuer}/${name}`.replace('kubernetes/', 'kubernetes.io/');
const claims = {
  namespace: claim('namespace'),
  secret: claim('secret.name'),
  account: claim('service-account.name'),
  uid: claim('service-account.uid'),
};

/** A token in a secret that says so is good no more. */
const invalidSince = 'kubernetes.io/legacy-token-invalid-since';

/**
 * Tokens of service accounts that live in Secrets and do not expire: each is good while its Secret holds it and its account is there.
 * Source: "Service account token Secrets" of the Kubernetes documentation.
 */
export class SecretTokens {
  readonly #storage: ObjectStorage;
  readonly #key: SigningKey;
  readonly #used: (secret: Secret) => void;

  /** `used` is told of the Secret of every token that proved good, or would have but for its mark. */
  constructor(storage: ObjectStorage, key: SigningKey, used: (secret: Secret) => void) {
    this.#storage = storage;
    this.#key = key;
    this.#used = used;
  }

  async issue({ metadata: { name, namespace = '', uid } }: KubeObject, secret: string): Promise<string> {
    const own = {
      [claims.namespace]: namespace,
      [claims.secret]: secret,
      [claims.account]: name,
      [claims.uid]: uid,
    };
    const subject = accountUser(namespace, { name, uid: uid ?? '' }).name;
    return await this.#key.sign(own, (jwt) => jwt.setIssuer(issuer).setSubject(subject));
  }

  /** Undefined for tokens that are none of these, or not good. */
  async authenticate(token: string): Promise<User | undefined> {
    const payload = await this.#key.verify(token, { issuer }).catch(() => undefined);
    if (!payload) return undefined;
    const text = (name: keyof typeof claims) => String(payload[claims[name]] ?? '');
    const [namespace, name, uid] = [text('namespace'), text('account'), text('uid')];
    const user = accountUser(namespace, { name, uid });
    const secret = this.#get('secrets', namespace, text('secret')) as Secret | undefined;
    const account = this.#get('serviceaccounts', namespace, name);
    if (payload.sub !== user.name || !secret || account?.metadata.uid !== uid) return undefined;
    if (!isSame(secret.data?.token, token)) return undefined;
    this.#used(secret);
    return secret.metadata.labels?.[invalidSince] ? undefined : user;
  }

  /** What is on its way out is there no more, and what cannot be read is none. */
  #get(resource: string, namespace: string, name: string): KubeObject | undefined {
    const found = this.#storage.get(objectKey(resourcePrefix('', resource), namespace, name));
    if (found === undefined || found.fault) return undefined;
    return found.object.metadata.deletionTimestamp === undefined ? found.object : undefined;
  }
}

/** `kept` in Base64. */
function isSame(kept: string | undefined, token: string): boolean {
  const [a, b] = [Buffer.from(kept ?? '', 'base64'), Buffer.from(token)];
  return a.length === b.length && timingSafeEqual(a, b);
}
