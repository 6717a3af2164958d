import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { BerthError, statusOf } from '@berth/kube/errors';
import type { Route } from '../capability.ts';
import type { Assets } from './assets.ts';
import { kubernetesTarget, parseTarget } from './paths.ts';
import { readCookie, requireSameOrigin, setSecurityHeaders } from './security.ts';
import type { Session, Sessions } from './sessions.ts';
import type { FailureThrottle } from './throttle.ts';
import type { PortalLimits, PortalOptions } from './types.ts';
import { proxy, readBody, type Upstream } from './upstream.ts';

export interface PortalState {
  options: PortalOptions;
  limits: PortalLimits;
  assets: Assets;
  sessions: Sessions;
  throttle: FailureThrottle;
  upstream: Upstream;
  cookieName: string;
  secureCookie: boolean;
  /** The addresses under which the console is open, as browsers write them in `Origin`. */
  originsOf: (request: IncomingMessage) => ReadonlySet<string>;
  closing: AbortSignal;
}

/** Answers one request; every failure leaves as a `Status`, with nothing in it that the caller may not know. */
export async function handle(state: PortalState, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const nonce = randomBytes(16).toString('base64');
  try {
    setSecurityHeaders(response, { hsts: state.options.hsts === true, nonce });
    const { segments, path } = parseTarget(request.url ?? '/');
    if (segments[0] === 'k8s') await passOn(state, request, response);
    else if (segments[0] === 'berth') await own(state, request, response);
    else servePage(state, { request, response, path, nonce });
  } catch (error) {
    answerError(state, { request, response, error });
  }
}

function servePage(
  state: PortalState,
  call: { request: IncomingMessage; response: ServerResponse; path: string; nonce: string },
): void {
  const { request, response, path, nonce } = call;
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    throw new BerthError('MethodNotAllowed', `${path} can only be read`);
  }
  if (state.assets.serve(path, request, response)) return;
  // An address with a file ending that is not in the build is a mistake, not a place of the console.
  if (path.startsWith('/assets/')) throw new BerthError('NotFound', `there is no ${path}`);
  state.assets.servePage(nonce, request, response);
}

async function passOn(state: PortalState, request: IncomingMessage, response: ServerResponse): Promise<void> {
  requireSameOrigin(request, state.originsOf(request));
  const session = requireSession(state, request);
  const target = kubernetesTarget(request.url ?? '/');
  const signal = AbortSignal.any([session.ended, state.closing]);
  await proxy(state.upstream, { request, response, target, user: session.user, signal, limits: state.limits });
}

async function own(state: PortalState, request: IncomingMessage, response: ServerResponse): Promise<void> {
  requireSameOrigin(request, state.originsOf(request));
  const url = new URL(request.url ?? '/', 'https://portal.invalid');
  if (url.pathname === '/berth/session') return session(state, request, response);
  const { user } = requireSession(state, request);
  if (url.pathname === '/berth/info' && request.method === 'GET') {
    const { cluster, capabilities } = state.options;
    return json(response, 200, { cluster, user, capabilities: capabilities.map((capability) => capability.name) });
  }
  const [, , name = '', ...rest] = url.pathname.split('/');
  const capability = state.options.capabilities.find((one) => one.name === name);
  const routes = capability?.routes?.filter((route) => route.path.replace(/^\//, '') === rest.join('/')) ?? [];
  const route = routes.find((one: Route) => one.method === request.method);
  if (route === undefined) {
    throw new BerthError(routes.length > 0 ? 'MethodNotAllowed' : 'NotFound', `there is no ${url.pathname}`);
  }
  await route.handle({ request, response, url, client: state.options.clientFor(user) });
}

async function session(state: PortalState, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method === 'POST') return signIn(state, request, response);
  if (request.method === 'DELETE') {
    const token = readCookie(request, state.cookieName);
    if (token !== undefined) state.sessions.signOut(token);
    response.setHeader('set-cookie', cookie(state, '', 0));
    return json(response, 200, {});
  }
  if (request.method !== 'GET') throw new BerthError('MethodNotAllowed', 'a session is read, opened or ended');
  const found = findSession(state, request);
  const { signInCommand } = state.options;
  if (found === undefined) return json(response, 401, { signInCommand });
  json(response, 200, { user: found.user, expiresAt: new Date(found.expiresAt).toISOString() });
}

async function signIn(state: PortalState, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const source = request.socket.remoteAddress ?? 'unknown';
  const wait = state.throttle.retryAfter(source);
  if (wait > 0) {
    throw new BerthError('TooManyRequests', 'too many failed sign-ins', { details: { retryAfterSeconds: wait } });
  }
  const body = await readBody(request, { requestBody: 4096, requestTime: state.limits.requestTime });
  const opened = state.sessions.signIn(codeIn(body));
  if (opened === undefined) {
    state.throttle.fail(source);
    state.options.logger.warn({ source }, 'sign-in refused: the link is unknown, used or too old');
    throw new BerthError('Unauthorized', 'this sign-in link was used already or is too old; ask for a new one');
  }
  state.options.logger.info({ source, user: opened.session.user.name }, 'signed in');
  const seconds = Math.floor(state.limits.sessionLifetime / 1000);
  response.setHeader('set-cookie', cookie(state, opened.token, seconds));
  json(response, 200, { user: opened.session.user, expiresAt: new Date(opened.session.expiresAt).toISOString() });
}

function codeIn(body: Buffer): string {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    if (typeof value === 'object' && value !== null && 'code' in value && typeof value.code === 'string') {
      return value.code;
    }
  } catch (cause) {
    throw new BerthError('BadRequest', 'the sign-in is not valid JSON', { cause });
  }
  throw new BerthError('BadRequest', 'the sign-in must carry a code');
}

export function findSession(state: PortalState, request: IncomingMessage): Session | undefined {
  const token = readCookie(request, state.cookieName);
  return token === undefined ? undefined : state.sessions.find(token);
}

function requireSession(state: PortalState, request: IncomingMessage): Session {
  const found = findSession(state, request);
  if (found === undefined) throw new BerthError('Unauthorized', 'there is no session, or it has ended');
  return found;
}

function cookie(state: PortalState, value: string, maxAge: number): string {
  const secure = state.secureCookie ? '; Secure' : '';
  return `${state.cookieName}=${value}; Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Strict${secure}`;
}

function json(response: ServerResponse, code: number, body: unknown): void {
  response.statusCode = code;
  response.setHeader('content-type', 'application/json; charset=utf-8');
  response.setHeader('cache-control', 'no-store');
  response.end(JSON.stringify(body));
}

function answerError(
  state: PortalState,
  call: { request: IncomingMessage; response: ServerResponse; error: unknown },
): void {
  const { request, response, error } = call;
  const gone = error instanceof Error && error.name === 'AbortError';
  if (response.headersSent || response.destroyed || gone) {
    response.destroy();
    return;
  }
  const status = statusOf(error);
  const path = (request.url ?? '/').split('?')[0];
  if (status.code >= 500) state.options.logger.warn({ err: error, method: request.method, path }, 'request failed');
  const wait = status.details?.retryAfterSeconds;
  if (wait !== undefined) response.setHeader('retry-after', String(wait));
  json(response, status.code, status);
}
