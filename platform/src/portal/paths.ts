import { BerthError } from '@berth/kube/errors';

/** What of the Kubernetes API the browser may reach through the portal. */
const apiRoots = new Set(['api', 'apis', 'version', 'openapi']);

/**
 * The request's target split into its parts, or a `BadRequest`. Nothing is resolved or repaired: a path with dot
 * segments, empty segments, backslashes, control characters or an encoded slash is refused, since the next server
 * might read it differently.
 */
export function parseTarget(target: string): { path: string; segments: string[]; query: string } {
  const [rawPath = '', ...rest] = target.split('?');
  const query = rest.length === 0 ? '' : `?${rest.join('?')}`;
  if (!rawPath.startsWith('/') || target.includes('#') || hasControl(target)) throw malformed();
  const segments = rawPath.slice(1).split('/').map(decodeSegment);
  if (segments.slice(0, -1).includes('')) throw malformed();
  return { path: rawPath, segments, query };
}

/** The upstream target of `/k8s/…`; `NotFound` for what is not on the list. */
export function kubernetesTarget(target: string): string {
  const { path, segments, query } = parseTarget(target);
  const [, root, ...rest] = segments;
  if (root === undefined || !apiRoots.has(root) || isProxySubresource(root, rest)) {
    throw new BerthError('NotFound', `the console does not pass on ${path}`);
  }
  return path.slice('/k8s'.length) + query;
}

/** `…/pods/x/proxy` and its like would let any pod serve pages under the console's own origin. */
function isProxySubresource(root: string, rest: readonly string[]): boolean {
  const afterVersion = rest.slice(root === 'apis' ? 2 : 1);
  const inScope = afterVersion[0] === 'namespaces' && afterVersion.length > 2 ? afterVersion.slice(2) : afterVersion;
  return inScope[0] === 'proxy' || inScope[2] === 'proxy';
}

function decodeSegment(segment: string): string {
  let text: string;
  try {
    text = decodeURIComponent(segment);
  } catch (cause) {
    throw malformed(cause);
  }
  if (text === '.' || text === '..' || /[/\\]/.test(text) || hasControl(text)) throw malformed();
  return text;
}

function hasControl(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x21 || code === 0x7f) return true;
  }
  return false;
}

function malformed(cause?: unknown): BerthError {
  return new BerthError('BadRequest', 'the address of the request is malformed', { cause });
}
