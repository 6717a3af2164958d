import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { parseDuration } from '@berth/kube/cel';
import { type Authenticator, anonymous } from '../authentication/authenticator.ts';
import { impersonated } from '../authentication/impersonation.ts';
import type { Digest, FlowControl, Seat } from '../flowcontrol/index.ts';
import type { Pipeline } from '../pipeline.ts';
import type { User } from '../types.ts';
import type { Request } from './read-body.ts';
import { type Asked, type Exchange, requesterOf } from './requester.ts';
import type { Response } from './respond.ts';
import { type Target, verbOf } from './route.ts';
import { tlsSocketOf } from './server.ts';

export interface SeatingParts {
  pipeline: Pipeline;
  authenticator: Authenticator;
  /** Absent where everybody is served at once. */
  flows: FlowControl | undefined;
}

/** What goes on for as long as somebody likes, and is not counted. Watches are until they have begun. */
const longRunning = new Set(['attach', 'exec', 'log', 'portforward', 'proxy']);

/** How long a request may take that does not say so itself, in milliseconds; it waits a quarter of it at most. */
const usualTimeoutMs = 60_000;

/**
 * Who is behind a request, when it is his turn: in Kubernetes' order after authentication and impersonation, and before
 * authorization. `to` is what he is answered on. Throws what `requesterOf` throws, and `TooManyRequests`.
 */
export async function seatedRequester(
  parts: SeatingParts,
  request: Request,
  asked: Asked,
  exchange: Exchange,
  to: Response | Duplex,
): Promise<User> {
  const user = await requesterOf(parts, request, asked, exchange);
  const waiting = takeSeat(parts, request, asked, { user, exchange, to });
  if (waiting) await waiting;
  return user;
}

/** A seat for what is answered whoever asks, also somebody whose credentials are not good. */
export async function seatOfWhoever(
  { pipeline, authenticator, flows }: SeatingParts,
  request: Request,
  asked: Asked,
  exchange: Exchange,
  to: Response | Duplex,
): Promise<void> {
  if (!flows) return;
  let user = anonymous;
  try {
    const found = await authenticator.authenticate(tlsSocketOf(request), request.headers.authorization);
    user = impersonated(pipeline, found, request);
  } catch {
    // Nobody in particular, then.
  }
  await takeSeat({ flows }, request, asked, { user, exchange, to });
}

/** Takes a seat for a request that needs one; answers undefined when it need not be waited for. */
function takeSeat(
  { flows }: Pick<SeatingParts, 'flows'>,
  { method = 'GET' }: Request,
  asked: Asked,
  { user, exchange, to }: { user: User; exchange: Exchange; to: Response | Duplex },
): Promise<void> | undefined {
  const digest = flows && digestOf(user, method, asked);
  if (!digest) return undefined;
  const { options } = asked;
  const seat = flows.take(digest, options, (found) => {
    exchange.seat = found;
    if ('setHeader' in to) tell(to, found);
  });
  if (!seat.isWaiting) return undefined;
  const gone = new AbortController();
  to.once('close', () => gone.abort());
  return seat.wait(waitLimitOf(digest.verb, options), gone.signal);
}

function tell(response: Response, { uids }: Seat): void {
  const http = response as ServerResponse;
  http.setHeader('X-Kubernetes-PF-FlowSchema-UID', uids.schema);
  http.setHeader('X-Kubernetes-PF-PriorityLevel-UID', uids.level);
}

function digestOf(user: User, method: string, { path, target, options }: Asked): Digest | undefined {
  if (!target) return { ...noResource, user, verb: method.toLowerCase(), path };
  const { group, version, resource, subresource: rest } = target;
  const slash = rest.indexOf('/');
  const subresource = slash < 0 ? rest : rest.slice(0, slash);
  if (longRunning.has(subresource)) return undefined;
  const namespace = resource === 'namespaces' ? target.name : target.namespace;
  const verb = verbOf(method, target, options) ?? '';
  const name = verb === 'list' || verb === 'watch' ? selectedName(target, options) : target.name;
  return { user, verb, path, isResource: true, group, version, resource, subresource, namespace, name };
}

const noResource = {
  isResource: false,
  group: '',
  version: '',
  resource: '',
  subresource: '',
  namespace: '',
  name: '',
};

/** The one object that a list or a watch is of. */
function selectedName({ name }: Target, options: ReadonlyMap<string, string>): string {
  const selector = options.get('fieldSelector');
  if (name !== '' || selector === undefined) return name;
  return /(?:^|,)metadata\.name==?([^,]+)/.exec(selector)?.[1] ?? '';
}

/** In milliseconds. Source: `getRequestWaitContext` of k8s.io/apiserver. */
function waitLimitOf(verb: string, options: ReadonlyMap<string, string>): number {
  const given = verb === 'watch' ? undefined : parseDuration(options.get('timeout') ?? '');
  const timeout = given === undefined ? 0 : Number(given.nanos / 1_000_000n);
  return (timeout > 0 ? Math.min(timeout, usualTimeoutMs) : usualTimeoutMs) / 4;
}
