import type { PathAnswer, PathHandler } from '../http/handle.ts';
import type { KindRegistry } from '../kinds.ts';
import { type DiscoveryDocuments, discoveryDocuments } from './documents.ts';
import type { ForeignApis } from './foreign.ts';

const aggregatedType = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
const aggregatedV2 = /application\/json;[^,]*as=APIGroupDiscoveryList/;

/** What is served besides: health, metrics, schemas, keys. */
const others = [
  '/.well-known/openid-configuration',
  '/healthz',
  '/livez',
  '/metrics',
  '/openapi/v2',
  '/openapi/v3',
  '/openid/v1/jwks',
  '/readyz',
  '/version',
];

/** Serves `/` with the paths that there are, and `/api` and `/apis` in the form that the client asks for, with 304 for what it has already. */
export function discoveryHandler(registry: KindRegistry, foreign?: ForeignApis): PathHandler {
  let documents: DiscoveryDocuments | undefined;
  let generation = '';
  return (path, request): PathAnswer | undefined => {
    const isRoot = path === '/' || path === '/index.html';
    if (!isRoot && !path.startsWith('/api')) return undefined;
    const current = `${registry.generation}/${foreign?.generation}`;
    if (!documents || generation !== current) {
      documents = discoveryDocuments(registry, foreign?.versions());
      generation = current;
    }
    if (isRoot) return pathsOf(documents);
    const trimmed = path.endsWith('/') ? path.slice(0, -1) : path;
    const wanted = String(request.headers.accept ?? '')
      .split(',')
      .find((clause) => aggregatedV2.test(clause) && /;v=v2(?:;|$)/.test(clause.replaceAll(' ', '')));
    const document = wanted === undefined ? undefined : documents.aggregated.get(trimmed);
    // As in Kubernetes, only the newer form is one that clients may keep.
    if (!document) return documents.legacy.has(trimmed) ? { body: documents.legacy.get(trimmed) as Buffer } : undefined;
    const headers = { etag: document.etag, vary: 'Accept', 'cache-control': 'public' };
    const type = aggregatedType;
    // A 304 repeats the type, which a client's cache takes over.
    const known = request.headers['if-none-match'] === document.etag;
    return known ? { code: 304, body: Buffer.alloc(0), headers, type } : { body: document.body, headers, type };
  };
}

function pathsOf({ legacy }: DiscoveryDocuments): PathAnswer {
  const paths = [...legacy.keys(), ...others].sort();
  return { body: Buffer.from(JSON.stringify({ paths }, null, 2)) };
}
