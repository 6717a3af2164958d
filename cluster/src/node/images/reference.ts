import { BerthError } from '@berth/kube/errors';

// The grammar of OCI distribution-spec 1.1 ("Pulling manifests") with the host in front as every client writes it.
const hostPattern =
  /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*|\[[0-9a-f:]+\])(?::\d{1,5})?$/i;
const componentPattern = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const tagPattern = /^\w[\w.-]{0,127}$/;

export interface ImageReference {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
}

/**
 * Splits a full image name with a tag. Short names ('nginx'), digests and upper case in the repository are refused:
 * an image is written under exactly the name by which a pod will ask for it.
 * @throws BerthError `BadRequest` with what is wrong with it.
 */
export function parseReference(text: string): ImageReference {
  const refuse = (why: string) => new BerthError('BadRequest', `"${text}" is no image reference: ${why}`);
  const slash = text.indexOf('/');
  const registry = slash < 0 ? '' : text.slice(0, slash);
  const isHost = registry.includes('.') || registry.includes(':') || registry === 'localhost';
  if (!isHost || !hostPattern.test(registry))
    throw refuse('it must start with a registry host, as in berth.local/shop:1');
  const rest = text.slice(slash + 1);
  if (rest.includes('@')) throw refuse('a digest is the outcome of writing an image, not its name');
  const colon = rest.indexOf(':');
  if (colon < 0) throw refuse('it needs a tag, as in berth.local/shop:1');
  const repository = rest.slice(0, colon);
  const tag = rest.slice(colon + 1);
  if (!repository.split('/').every((part) => componentPattern.test(part))) {
    throw refuse('the repository may have lower-case letters, digits and single separators only');
  }
  if (registry.length + 1 + repository.length > 255) throw refuse('the name is longer than 255 characters');
  if (!tagPattern.test(tag)) throw refuse('a tag has 1 to 128 letters, digits, ".", "_" or "-"');
  return { registry, repository, tag };
}
