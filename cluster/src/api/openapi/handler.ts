import type { PathAnswer, PathHandler } from '../http/handle.ts';
import type { KindRegistry } from '../kinds.ts';
import { type OpenApiDocument, OpenApiDocuments } from './documents.ts';
import { openApiV2Protobuf, protobufType, protobufTypes } from './protobuf.ts';

const forever = 'public, immutable, max-age=31536000';

/** The OpenAPI documents of group versions that others serve. */
export interface ForeignOpenApi {
  /** The hash of each by its path, `apis/<group>/<version>`. */
  openApiHashes(): ReadonlyMap<string, string>;
  /** Undefined when the path is not served elsewhere, or cannot be had right now. */
  openApi(path: string): Promise<Buffer | undefined>;
}

/** `/openapi/v3` with one document a group version, and `/openapi/v2`, as JSON or as client-go's protobuf. */
export function openApiHandler(registry: KindRegistry, foreign?: ForeignOpenApi): PathHandler {
  const documents = new OpenApiDocuments(registry);
  let protobuf: { of: Buffer; document: OpenApiDocument } | undefined;
  return async (path, request): Promise<PathAnswer | undefined> => {
    if (!path.startsWith('/openapi/')) return undefined;
    const known = request.headers['if-none-match'];
    const trimmed = path.endsWith('/') ? path.slice(0, -1) : path;
    if (trimmed === '/openapi/v2') {
      const json = documents.v2();
      const accept = String(request.headers.accept ?? '');
      if (!protobufTypes.some((type) => accept.includes(type))) return tagged(known, json);
      if (protobuf?.of !== json.body) {
        const body = openApiV2Protobuf(JSON.parse(json.body.toString()));
        protobuf = { of: json.body, document: { body, hash: `${json.hash}P` } };
      }
      return { ...tagged(known, protobuf.document), type: protobufType };
    }
    if (trimmed === '/openapi/v3') return tagged(known, documents.index(foreign?.openApiHashes()));
    if (!trimmed.startsWith('/openapi/v3/')) return undefined;
    const wanted = trimmed.slice('/openapi/v3/'.length);
    const document = documents.v3(wanted) ?? (await foreignDocument(foreign, wanted));
    if (!document) return undefined;
    const answer = tagged(known, document);
    // The address holds the content's hash, so that what it leads to never changes.
    if (new URLSearchParams(request.url?.split('?')[1]).get('hash') === document.hash) {
      answer.headers = { ...answer.headers, 'cache-control': forever };
    }
    return answer;
  };
}

async function foreignDocument(
  foreign: ForeignOpenApi | undefined,
  path: string,
): Promise<OpenApiDocument | undefined> {
  const hash = foreign?.openApiHashes().get(path);
  if (hash === undefined) return undefined;
  const body = await foreign?.openApi(path);
  return body && { body, hash };
}

function tagged(known: string | undefined, { body, hash }: OpenApiDocument): PathAnswer {
  const etag = `"${hash}"`;
  if (known === etag) return { code: 304, body: Buffer.alloc(0), headers: { etag } };
  return { body, headers: { etag, vary: 'Accept' } };
}
