import { nameOf, type PullCredential, type SecretIdentity } from './keyring.ts';

/** Who may use an image that was pulled: every pod of the node, or those that hold one of these credentials. */
export type Access = 'everyone' | readonly (SecretIdentity & { hash: string })[];

/** What is known of an image by its id. */
export interface PulledRecord {
  /** Milliseconds since the epoch. */
  changedAt: number;
  /** By the image's name without tag and digest: different registries may have the same image. */
  access: Readonly<Record<string, Access>>;
}

/** More credentials than this are not noted down only because they fit. */
const mostNoted = 100;

/**
 * Whether a pod has to prove to the registry that it may have an image that is there; with `noted`, a credential to note down. `credentials`: what
 * the pod holds for it. Images that somebody else brought are everyone's. Source: KEP-2535 "Ensure secret pulled images".
 */
export function mustProve(
  image: string,
  {
    record,
    isPulling,
    credentials,
  }: { record: PulledRecord | undefined; isPulling: boolean; credentials: readonly PullCredential[] },
): { must: boolean; noted?: PullCredential } {
  if (!record) return { must: isPulling };
  const access = record.access[nameOf(image)];
  if (access === undefined) return { must: true };
  if (access === 'everyone') return { must: false };
  for (const credential of credentials) {
    for (const known of access) {
      const isSame = isSameSecret(known, credential.secret);
      // The same login in another secret, or another login in the same secret, which then was renewed.
      if (known.hash !== credential.hash && !isSame) continue;
      if (known.hash === credential.hash && isSame) return { must: false };
      if (access.length < mostNoted) return { must: false, noted: credential };
      if (known.hash === credential.hash) return { must: false };
    }
  }
  return { must: true };
}

/** Whether it depends on what a pod holds. */
export function isRestricted(record: PulledRecord | undefined, image: string): boolean {
  const access = record?.access[nameOf(image)];
  return access !== undefined && access !== 'everyone';
}

/** The record after an image was pulled, or used, with a credential; without one everyone may use it. */
export function withAccess(
  record: PulledRecord | undefined,
  image: string,
  { credential, now }: { credential: PullCredential | undefined; now: number },
): PulledRecord {
  const name = nameOf(image);
  const before = record?.access[name] ?? [];
  if (record && before === 'everyone') return record;
  const others = (before === 'everyone' ? [] : before).filter(
    (known) => !credential || !isSameSecret(known, credential.secret),
  );
  const access = credential ? [...others, { ...credential.secret, hash: credential.hash }] : 'everyone';
  return { changedAt: now, access: { ...record?.access, [name]: access } };
}

const isSameSecret = (a: SecretIdentity, b: SecretIdentity): boolean =>
  a.uid === b.uid && a.namespace === b.namespace && a.name === b.name;
