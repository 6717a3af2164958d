import type { PathAnswer, PathHandler } from '../http/handle.ts';
import type { KindRegistry } from '../kinds.ts';
import { type OpenApiDocument, OpenApiDocuments } from './documents.ts';
import { openApiV2Protobuf, protobufType, protobufTypes } from './protobuf.ts';

const forever = 'public, immutable, max-age=31536000';

/** `/openapi/v3` with one document a group version, and `/openapi/v2`, as JSON or as client-go's protobuf. */
export function openApiHandler(registry: KindRegistry): PathHandler {
  const documents = new OpenApiDocuments(registry);
  let protobuf: { of: Buffer; document: OpenApiDocument } | undefined;
  return (path, request): PathAnswer | undefined => {
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
    if (trimmed === '/openapi/v3') return tagged(known, documents.index());
    if (!trimmed.startsWith('/openapi/v3/')) return undefined;
    const document = documents.v3(trimmed.slice('/openapi/v3/'.length));
    if (!document) return undefined;
    const answer = tagged(known, document);
    // The address holds the content's hash, so that what it leads to never changes.
    if (new URLSearchParams(request.url?.split('?')[1]).get('hash') === document.hash) {
      answer.headers = { ...answer.headers, 'cache-control': forever };
    }
    return answer;
  };
}

function tagged(known: string | undefined, { body, hash }: OpenApiDocument): PathAnswer {
  const etag = `"${hash}"`;
  if (known === etag) return { code: 304, body: Buffer.alloc(0), headers: { etag } };
  return { body, headers: { etag, vary: 'Accept' } };
}
