import type { IncomingHttpHeaders } from 'node:http';
import type { Span } from '../observe/tracing.ts';
import { HttpError } from './http-error.ts';

export interface ShopRequest {
  readonly method: string;
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly span: Span;
  /** The body as JSON. @throws HttpError 400, 413 or 415 */
  json(): Promise<unknown>;
  /** The body as a submitted form. @throws HttpError 400, 413 or 415 */
  form(): Promise<URLSearchParams>;
}

export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** A media type with its charset. */
  readonly type?: string;
  readonly body?: string | Uint8Array;
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** '/products/:id'; a parameter is one segment. */
  readonly path: string;
  readonly handle: (request: ShopRequest) => Reply | Promise<Reply>;
}

export interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

/** The route for a path. @throws HttpError 404, 405 with the methods that there are, 400 for a bad percent-encoding */
export function matchRoute(routes: readonly Route[], method: string, path: string): Match {
  const wanted = method === 'HEAD' ? 'GET' : method;
  const allowed: string[] = [];
  for (const route of routes) {
    const params = matchPath(route.path, path);
    if (params === undefined) continue;
    if (route.method === wanted) return { route, params };
    allowed.push(route.method);
  }
  if (allowed.length > 0) {
    throw new HttpError(405, `${method} is not possible here`, { headers: { allow: allowed.join(', ') } });
  }
  throw new HttpError(404, 'there is nothing here');
}

function matchPath(pattern: string, path: string): Record<string, string> | undefined {
  const expected = pattern.split('/');
  const actual = path.split('/');
  if (expected.length !== actual.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of expected.entries()) {
    const value = actual[index] ?? '';
    if (part.startsWith(':')) {
      if (value === '') return undefined;
      params[part.slice(1)] = decoded(value);
    } else if (part !== value) return undefined;
  }
  return params;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new HttpError(400, 'the address has a broken percent-encoding', { cause });
  }
}

export function jsonReply(value: unknown, status = 200): Reply {
  return { status, type: 'application/json; charset=utf-8', body: JSON.stringify(value) };
}
