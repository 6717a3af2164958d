import { createHash } from 'node:crypto';
import type { Secret } from '@berth/kube/objects';

/** Who somebody is at a registry, and the secret that says so. */
export interface PullCredential {
  username: string;
  password: string;
  /** Of the two, to compare by. */
  hash: string;
  secret: SecretIdentity;
}

export interface SecretIdentity {
  uid: string;
  namespace: string;
  name: string;
}

interface Entry {
  username?: string;
  password?: string;
  auth?: string;
  email?: string;
}

/** By place (`registry.example:5000/team`), in the order in which they are tried. */
export type Keyring = ReadonlyMap<string, readonly PullCredential[]>;

/**
 * What pull secrets hold, of both types. Throws when one of them cannot be read. Source: "Pull an Image from a Private Registry" and
 * "Images: configuration of config.json" of the Kubernetes documentation.
 */
export function keyringOf(secrets: readonly Secret[]): Keyring {
  const found = new Map<string, PullCredential[]>();
  for (const secret of secrets) {
    const { uid = '', namespace = '', name } = secret.metadata;
    for (const [place, entry] of Object.entries(entriesOf(secret))) {
      const key = placeOf(place);
      if (key === undefined) continue;
      const { username, password } = loginOf(entry);
      const hash = hashOf({ username, password, email: entry.email ?? '' });
      found.set(key, [...(found.get(key) ?? []), { username, password, hash, secret: { uid, namespace, name } }]);
    }
  }
  // The more of a path a place names, the sooner it is tried.
  return new Map([...found].toSorted(([a], [b]) => (a < b ? 1 : -1)));
}

/** The credentials to try for an image, one after the other. */
export function credentialsOf(keyring: Keyring, image: string): PullCredential[] {
  const name = nameOf(image);
  const fitting = [...keyring].filter(([place]) => covers(place, name)).flatMap(([, credentials]) => credentials);
  if (fitting.length > 0 || !isOfDefaultRegistry(image)) return fitting;
  return [...(keyring.get(defaultRegistry) ?? [])];
}

const defaultRegistry = 'index.docker.io';

function entriesOf(secret: Secret): Record<string, Entry> {
  const data = secret.data as Record<string, string> | undefined;
  const read = (key: string) => JSON.parse(Buffer.from(data?.[key] ?? '', 'base64').toString());
  if (secret.type === 'kubernetes.io/dockerconfigjson' && data?.['.dockerconfigjson']) {
    return read('.dockerconfigjson').auths ?? {};
  }
  if (secret.type === 'kubernetes.io/dockercfg' && data?.['.dockercfg']) return read('.dockercfg');
  return {};
}

function loginOf({ username = '', password = '', auth = '' }: Entry): { username: string; password: string } {
  if (auth === '') return { username, password };
  const text = Buffer.from(auth, 'base64').toString();
  const colon = text.indexOf(':');
  if (colon < 0) throw new Error('unable to parse auth field, must be formatted as base64(username:password)');
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** `https://index.docker.io/v1/` → `index.docker.io/`; undefined for what is no place. */
function placeOf(text: string): string | undefined {
  // As of any URL, a query is no part of it.
  const { host, path } = split(text.replace(/^https?:\/\//, '').replace(/[?#].*$/s, ''));
  if (host === '') return undefined;
  const below = /^\/v[12]\//.test(path) ? path.slice(3) : path;
  return below === '/' ? host : host + below;
}

function split(text: string): { host: string; path: string } {
  const slash = text.indexOf('/');
  return slash < 0 ? { host: text, path: '' } : { host: text.slice(0, slash), path: text.slice(slash) };
}

/** An image's name without tag and digest, its registry written out. */
export function nameOf(image: string): string {
  const untagged = image.replace(/@.*$/, '').replace(/:[^:/]+$/, '');
  const [first = '', ...rest] = untagged.split('/');
  const hasHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  if (hasHost && first !== 'docker.io' && first !== defaultRegistry) return untagged;
  const path = hasHost ? rest.join('/') : untagged;
  return `docker.io/${path.includes('/') ? path : `library/${path}`}`;
}

/** As kubelet takes it: `localhost` as well, since it has neither a dot nor a port. */
const isOfDefaultRegistry = (image: string): boolean => {
  const { host } = split(nameOf(image));
  return host === 'docker.io' || !/[.:]/.test(host);
};

/** Whether a place, in whose host `*` stands for a part or a piece of one, is that of an image. */
function covers(place: string, name: string): boolean {
  const [glob, target] = [split(place), split(name)];
  const [[globHost = '', globPort = ''], [host = '', port = '']] = [glob.host.split(':'), target.host.split(':')];
  const [globParts, parts] = [globHost.split('.'), host.split('.')];
  if (globPort !== port || globParts.length !== parts.length || !target.path.startsWith(glob.path)) return false;
  return globParts.every((part, index) => isLike(parts[index] ?? '', part));
}

function isLike(text: string, glob: string): boolean {
  const [first = '', ...rest] = glob.split('*');
  if (rest.length === 0) return text === glob;
  if (!text.startsWith(first)) return false;
  const last = rest.pop() ?? '';
  let at = first.length;
  for (const piece of rest) {
    const found = text.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return text.length - at >= last.length && text.endsWith(last);
}

/** As kubelet hashes what a registry asks for. */
function hashOf(entry: Record<string, string>): string {
  const told = Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== ''));
  return createHash('sha256').update(JSON.stringify(told)).digest('hex');
}
