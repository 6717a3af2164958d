import { randomUUID } from 'node:crypto';
import type { KubeObject } from '@berth/kube/objects';
import type { JWK } from 'jose';
import { objectKey, resourcePrefix } from '../storage/keys.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { User } from '../types.ts';
import type { SigningKey } from './signing-key.ts';

export const defaultIssuer = 'https://kubernetes.default.svc.cluster.local';
const keptTokens = 4096;

interface Claims {
  namespace: string;
  serviceaccount: { name: string; uid: string };
  pod?: { name: string; uid: string };
  secret?: { name: string; uid: string };
  node?: { name: string; uid: string };
}

export interface TokenOrder {
  account: KubeObject;
  audiences: readonly string[];
  expirationSeconds: number;
  /** The token is good while this object exists. */
  boundTo?: { kind: 'Pod' | 'Secret' | 'Node'; name: string; uid: string };
  /** Where the pod runs that it is bound to. */
  node?: { name: string; uid: string };
}

/** Whose a token is, and for whom of those who were asked about it is good. */
export interface TokenUser {
  user: User;
  audiences: readonly string[];
}

interface TokenOptions {
  issuer?: string | undefined;
  now(): Date;
}

/** Signs and reads service-account tokens (JWT), and checks that what they are bound to is still there. */
export class ServiceAccountTokens {
  readonly issuer: string;
  /** What tokens may be signed with, as JSON Web Keys. */
  readonly publicKeys: readonly (JWK & { alg: string })[];
  readonly #storage: ObjectStorage;
  readonly #now: () => Date;
  readonly #key: SigningKey;
  /** Tokens whose signature was good, so that it is checked once. */
  readonly #verified = new Map<string, { claims: Claims; audiences: string[]; id: string; expires: number }>();

  constructor(storage: ObjectStorage, key: SigningKey, { issuer = defaultIssuer, now }: TokenOptions) {
    this.#storage = storage;
    this.#now = now;
    this.#key = key;
    this.issuer = issuer;
    this.publicKeys = [key.publicJwk];
  }

  async issue({
    account,
    audiences,
    expirationSeconds,
    boundTo,
    node,
  }: TokenOrder): Promise<{ token: string; expires: Date }> {
    const { name, namespace = '', uid = '' } = account.metadata;
    const seconds = Math.floor(this.#now().getTime() / 1000);
    const claims: Record<string, unknown> = { namespace, serviceaccount: { name, uid } };
    if (node) claims.node = node;
    if (boundTo) claims[boundTo.kind.toLowerCase()] = { name: boundTo.name, uid: boundTo.uid };
    const token = await this.#key.sign({ 'kubernetes.io': claims }, (jwt) =>
      jwt
        .setIssuer(this.issuer)
        .setSubject(`system:serviceaccount:${namespace}:${name}`)
        .setAudience(audiences.length > 0 ? [...audiences] : [this.issuer])
        .setIssuedAt(seconds)
        .setNotBefore(seconds)
        .setExpirationTime(seconds + expirationSeconds)
        .setJti(randomUUID()),
    );
    return { token, expires: new Date((seconds + expirationSeconds) * 1000) };
  }

  /**
   * The user of a token for one of `audiences` (default: this server), and for which of them it is; undefined when it is none
   * of ours or not good.
   */
  async authenticate(token: string, audiences: readonly string[] = [this.issuer]): Promise<TokenUser | undefined> {
    const verified = await this.#verify(token);
    if (!verified || verified.expires <= this.#now().getTime()) return undefined;
    const shared = verified.audiences.filter((audience) => audiences.includes(audience));
    if (shared.length === 0 || !this.#exists(verified.claims)) return undefined;
    return { user: userOf(verified.claims, verified.id), audiences: shared };
  }

  async #verify(token: string) {
    const known = this.#verified.get(token);
    if (known) return known;
    try {
      const payload = await this.#key.verify(token, { issuer: this.issuer, currentDate: this.#now() });
      const claims = payload['kubernetes.io'] as Claims | undefined;
      if (!claims?.serviceaccount || payload.exp === undefined) return undefined;
      const audiences = [payload.aud ?? []].flat();
      const verified = { claims, audiences, id: payload.jti ?? '', expires: payload.exp * 1000 };
      if (this.#verified.size >= keptTokens) this.#verified.clear();
      this.#verified.set(token, verified);
      return verified;
    } catch {
      return undefined;
    }
  }

  #exists({ namespace, serviceaccount, pod, secret, node }: Claims): boolean {
    const present = (resource: string, within: string, ref: { name: string; uid: string } | undefined) => {
      if (!ref) return true;
      const found = this.#storage.get(objectKey(resourcePrefix('', resource), within, ref.name));
      return found?.object.metadata.uid === ref.uid && !isOverdue(found.object, this.#now());
    };
    return (
      present('serviceaccounts', namespace, serviceaccount) &&
      present('pods', namespace, pod) &&
      present('secrets', namespace, secret) &&
      // A token of a pod is as good as the pod, whatever becomes of the node that it names.
      (pod !== undefined || present('nodes', '', node))
    );
  }
}

/** A minute after an object should be gone, tokens bound to it are no longer good. */
function isOverdue(object: KubeObject, now: Date): boolean {
  const { deletionTimestamp } = object.metadata;
  return deletionTimestamp !== undefined && now.getTime() - Date.parse(deletionTimestamp) > 60_000;
}

function userOf({ namespace, serviceaccount, pod, node }: Claims, id: string): User {
  const extra: Record<string, string[]> = { 'authentication.kubernetes.io/credential-id': [`JTI=${id}`] };
  if (pod) {
    extra['authentication.kubernetes.io/pod-name'] = [pod.name];
    extra['authentication.kubernetes.io/pod-uid'] = [pod.uid];
  }
  if (node) {
    extra['authentication.kubernetes.io/node-name'] = [node.name];
    extra['authentication.kubernetes.io/node-uid'] = [node.uid];
  }
  return { ...accountUser(namespace, serviceaccount), extra };
}

/** As whom a service account acts. */
export function accountUser(namespace: string, { name, uid }: { name: string; uid: string }): User {
  return {
    name: `system:serviceaccount:${namespace}:${name}`,
    uid,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
  };
}
