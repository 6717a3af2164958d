import { createHash } from 'node:crypto';
import {
  builtInDefinitions,
  modelDescriptions,
  type OpenApiSource,
  openApiV2,
  openApiV3,
  openApiV3Paths,
} from '@berth/kube/schema';
import type { PathAnswer, PathHandler } from '../http/handle.ts';
import type { KindRegistry } from '../kinds.ts';

const forever = 'public, immutable, max-age=31536000';

/** `/openapi/v3` with one document a group version, and `/openapi/v2`; made when first asked for, and kept. */
export function openApiHandler(registry: KindRegistry): PathHandler {
  let generation = -1;
  let documents = new Map<string, Buffer>();
  const describe = modelDescriptions();
  return (path, request): PathAnswer | undefined => {
    if (!path.startsWith('/openapi/')) return undefined;
    if (generation !== registry.generation) {
      generation = registry.generation;
      documents = new Map();
    }
    const kinds = registry.all().map((kind) => kind.description);
    const source: OpenApiSource = { kinds, definitions: builtInDefinitions(), describe };
    const made = (make: () => object): Buffer => {
      const known = documents.get(path) ?? Buffer.from(JSON.stringify(make()));
      documents.set(path, known);
      return known;
    };
    if (path === '/openapi/v2')
      return tagged(
        request.headers['if-none-match'],
        made(() => openApiV2(source)),
      );
    if (path === '/openapi/v3' || path === '/openapi/v3/') {
      return tagged(
        request.headers['if-none-match'],
        made(() => index(source)),
      );
    }
    const served = openApiV3Paths(kinds).find((one) => path === `/openapi/v3/${one}`);
    if (served === undefined) return undefined;
    const parts = served.split('/');
    const version = parts.at(-1) ?? '';
    const group = parts.length === 3 ? (parts[1] ?? '') : '';
    const answer = tagged(
      request.headers['if-none-match'],
      made(() => openApiV3({ group, version }, source)),
    );
    // The address holds the content's hash, so that what it leads to never changes.
    if (request.url?.includes('hash=')) answer.headers = { ...answer.headers, 'cache-control': forever };
    return answer;
  };
}

function index(source: OpenApiSource): object {
  const paths: Record<string, { serverRelativeURL: string }> = {};
  for (const path of openApiV3Paths(source.kinds)) {
    const kinds = source.kinds.filter((kind) => `/${path}`.endsWith(`/${kind.version}`));
    const hash = hashOf(Buffer.from(JSON.stringify(kinds)));
    paths[path] = { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` };
  }
  return { paths };
}

function tagged(known: string | undefined, body: Buffer): PathAnswer {
  const etag = `"${hashOf(body)}"`;
  if (known === etag) return { code: 304, body: Buffer.alloc(0), headers: { etag } };
  return { body, headers: { etag, vary: 'Accept' } };
}

function hashOf(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex').toUpperCase().slice(0, 64);
}
