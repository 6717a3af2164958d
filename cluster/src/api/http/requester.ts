import { type AuditRecord, givenAuditID, newAuditID, originOf, requested } from '../audit/index.ts';
import { type Authenticator, anonymous, unauthorized } from '../authentication/authenticator.ts';
import { impersonated } from '../authentication/impersonation.ts';
import type { Seat } from '../flowcontrol/index.ts';
import type { Pipeline } from '../pipeline.ts';
import type { User } from '../types.ts';
import type { Request } from './read-body.ts';
import type { Target } from './route.ts';
import { tlsSocketOf } from './server.ts';

/** What is known of a request however it ends. */
export interface Exchange {
  verb: string;
  resource: string;
  warnings: readonly string[];
  /** As the client named the request, or a new name. */
  auditID: string;
  /** Its record, once it is known who asks, if it is to be recorded. */
  record?: AuditRecord | undefined;
  /** Its place among those that are served, if it needs one. */
  seat?: Seat;
}

const methods = new Set(['get', 'head', 'post', 'put', 'patch', 'delete', 'options', 'connect', 'trace']);

export function exchangeOf(request: Request): Exchange {
  const method = (request.method ?? 'GET').toLowerCase();
  // For counting. In HTTP/2 a method is any word, and there must not be a counter for each of them.
  const verb = methods.has(method) ? method : 'other';
  return { verb, resource: '', warnings: [], auditID: givenAuditID(request) ?? newAuditID() };
}

/** What a request is for, as far as that can be told before anything is known of its sender. */
export interface Asked {
  path: string;
  /** Absent of what is no resource. */
  target: Target | undefined;
  options: Map<string, string>;
}

export type AskedOfResource = Asked & { target: Target };

/**
 * Who is behind a request: the user that it acts as. Begins its record. Throws `Unauthorized`, and what impersonation
 * throws.
 */
export async function requesterOf(
  { pipeline, authenticator }: { pipeline: Pipeline; authenticator: Authenticator },
  request: Request,
  asked: Asked,
  exchange: Exchange,
): Promise<User> {
  let user: User;
  try {
    const found = authenticator.authenticate(tlsSocketOf(request), request.headers.authorization);
    user = found instanceof Promise ? await found : found;
    if (user === anonymous && !authenticator.anonymousAt(asked.path)) throw unauthorized();
  } catch (error) {
    const { audit } = pipeline.machinery;
    audit?.refused(requestedBy(request, asked, undefined), () => originOf(request, exchange.auditID), error);
    throw error;
  }
  recordOf({ pipeline }, request, asked, exchange, user);
  const acting = impersonated(pipeline, user, request);
  if (acting !== user) exchange.record?.impersonates(acting);
  return acting;
}

/** Begins the record of a request that anybody may send. */
export function recordOf(
  { pipeline }: { pipeline: Pipeline },
  request: Request,
  asked: Asked,
  exchange: Exchange,
  user: User = anonymous,
): void {
  const { audit } = pipeline.machinery;
  exchange.record = audit?.begin(requestedBy(request, asked, user), () => originOf(request, exchange.auditID));
}

function requestedBy({ method = 'GET' }: Request, { path, target, options }: Asked, user: User | undefined) {
  return requested(method, path, target, options, user);
}
