import type { Duplex } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { BerthError, isBerthError } from '@berth/kube/errors';
import type { Authenticator } from '../authentication/authenticator.ts';
import type { Call } from '../call.ts';
import { badRequest, methodNotAllowed, PageNotFound, unknownPath } from '../faults.ts';
import type { FlowControl } from '../flowcontrol/index.ts';
import { attributesOf, foreignAttributesOf, type Pipeline } from '../pipeline.ts';
import type { ProtobufDecoder } from '../protobuf/decode.ts';
import type { Tables } from '../table/table.ts';
import type { User } from '../types.ts';
import type { Yaml } from '../yaml/yaml.ts';
import { decodeBody, patchTypeOf } from './body.ts';
import { encodeAnswer } from './encode.ts';
import { negotiate } from './negotiate.ts';
import { type BodyReader, drain, type Request } from './read-body.ts';
import { recordEnd, recordFailure, recordStart } from './recording.ts';
import { type Asked, type AskedOfResource, type Exchange, exchangeOf, recordOf } from './requester.ts';
import { type Response, respond, respondError } from './respond.ts';
import { queryOf, targetOf, verbOf } from './route.ts';
import { type SeatingParts, seatedRequester, seatOfWhoever } from './seating.ts';
import type { UnreadBudget } from './unread.ts';
import type { Purpose } from './unreadable.ts';
import { streamWatch } from './watch-stream.ts';

/** A path that is not a resource: health, version, discovery, OpenAPI. Answers undefined when it is not its own. */
export type PathHandler = (path: string, request: Request) => PathAnswer | undefined | Promise<PathAnswer | undefined>;

export interface PathAnswer {
  code?: number;
  body: Buffer;
  type?: string;
  headers?: Record<string, string>;
}

/** A subresource that is not JSON in and out: logs, and the reasons why a stream was not upgraded. */
export type StreamHandler = (call: Call, request: Request, response: Response) => Promise<void>;

/** What serves a path in our place, once it is known who asks and that it is allowed. */
export interface OtherServer {
  serve(request: Request, response: Response, user: User): Promise<void>;
  upgrade(request: Request, socket: Duplex, head: Buffer, user: User): Promise<void>;
}

export interface HandlerParts {
  pipeline: Pipeline;
  authenticator: Authenticator;
  tables: Tables;
  protobuf: ProtobufDecoder;
  yaml: Yaml;
  bodies: BodyReader;
  flows: FlowControl | undefined;
  paths: readonly PathHandler[];
  /** Who else serves a path. */
  aggregated(path: string): OtherServer | undefined;
  streams: ReadonlyMap<string, StreamHandler>;
  /** What watches leave unread. */
  unread: UnreadBudget;
  failed(error: unknown, path: string): void;
  finished(verb: string, resource: string, code: number, milliseconds: number): void;
}

/** How long the sending of a list is counted. */
const sendingMs = 250;

const hasBody = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/** The edge: one HTTP request in, one answer out, whatever goes wrong. */
export function requestHandler(parts: HandlerParts) {
  return async (request: Request, response: Response): Promise<void> => {
    const started = performance.now();
    const [path = '/', search = ''] = splitOnce(request.url ?? '/', '?');
    const exchange = exchangeOf(request);
    request.on('error', () => {});
    response.on('error', () => {});
    response.setHeader('Audit-Id', exchange.auditID);
    try {
      const asked = { path, target: targetOf(path), options: queryOf(search) };
      const { target } = asked;
      const elsewhere = parts.aggregated(path);
      if (elsewhere) {
        const user = await userFor(parts, request, asked, exchange, response);
        recordStart(exchange, response);
        await elsewhere.serve(request, response, user);
      } else if (!target) await servePath(parts, request, response, asked, exchange);
      else await serveResource(parts, request, response, { ...asked, target }, exchange);
    } catch (error) {
      if (isOurs(error)) parts.failed(error, path);
      recordFailure(exchange, error);
      drain(request);
      await respondError(request, response, error, exchange.warnings, parts.yaml);
    } finally {
      exchange.seat?.done();
      recordEnd(exchange, response);
      parts.finished(exchange.verb, exchange.resource, response.statusCode, performance.now() - started);
    }
  };
}

/** Whether a failure is the server's own; one with a status of its own choice is an answer like any other. */
function isOurs(error: unknown): boolean {
  return !isBerthError(error) || (error.code === 'InternalError' && error.status === undefined);
}

/** Who asks for something that another server serves, if it is allowed here. That server may still refuse. */
export async function userFor(
  parts: SeatingParts,
  request: Request,
  asked: Asked,
  exchange: Exchange,
  to: Response | Duplex,
): Promise<User> {
  const { pipeline } = parts;
  // Under this name it stands in that server's log as well.
  request.headers['audit-id'] = exchange.auditID;
  const acting = await seatedRequester(parts, request, asked, exchange, to);
  const { path, target, options } = asked;
  const { record } = exchange;
  const method = request.method ?? 'GET';
  if (!target) pipeline.authorize(acting, { verb: method === 'HEAD' ? 'get' : method.toLowerCase(), path }, record);
  else {
    const verb = verbOf(method, target, options);
    if (!verb) throw methodNotAllowed();
    // It has begun as far as this server is concerned.
    if (verb === 'watch') exchange.seat?.done();
    pipeline.authorize(acting, foreignAttributesOf(target, verb, options), record);
  }
  return acting;
}

async function servePath(
  parts: HandlerParts,
  request: Request,
  response: Response,
  asked: Asked,
  exchange: Exchange,
): Promise<void> {
  const { pipeline, authenticator, paths } = parts;
  const { path, options } = asked;
  const verb = (request.method ?? 'GET').toLowerCase();
  if (authenticator.openAt(path)) {
    recordOf(parts, request, asked, exchange);
    await seatOfWhoever(parts, request, asked, exchange, response);
  } else {
    const acting = await seatedRequester(parts, request, asked, exchange, response);
    pipeline.authorize(acting, { verb: verb === 'head' ? 'get' : verb, path }, exchange.record);
  }
  checkTimeout(options);
  for (const handler of paths) {
    const answer = await handler(path, request);
    if (answer && verb !== 'get' && verb !== 'head') throw methodNotAllowed();
    if (answer) return await respond(request, response, { code: 200, ...answer });
  }
  const [, group] = /^\/(?:api|apis\/([^/]+))\/./.exec(path) ?? [undefined, path];
  throw pipeline.machinery.kinds.hasBuiltInGroup(group ?? '') ? unknownPath() : new PageNotFound();
}

async function serveResource(
  parts: HandlerParts,
  request: Request,
  response: Response,
  asked: AskedOfResource,
  exchange: Exchange,
): Promise<void> {
  const { pipeline, tables } = parts;
  const { target, options } = asked;
  const call = await callOf(parts, request, asked, exchange, response);
  call.signal = signalOf(response);
  exchange.verb = call.verb;
  exchange.resource = target.resource;
  exchange.warnings = call.warnings;
  if (call.verb !== 'watch') checkTimeout(options);
  const stream = parts.streams.get(`${target.group}/${target.resource}/${call.subresource?.name ?? ''}`);
  if (stream || call.verb === 'watch') recordStart(exchange, response);
  if (stream) {
    await stream(call, request, response);
    return;
  }
  pipeline.checkVerb(call);
  const representation = negotiate(request.headers.accept, {
    hasTable: hasTable(call),
    isWatch: call.verb === 'watch',
  });
  if (hasBody.has(request.method ?? '')) {
    if (request.method === 'PATCH') call.patchType = patchTypeOf(request.headers['content-type']);
    const body = await parts.bodies.read(request);
    const decoded = await decodeBody(body, request.headers['content-type'], parts, purposeOf(call));
    call.body = decoded.value;
    if (decoded.repeated) call.repeated = decoded.repeated;
    call.record?.sent(decoded.value, decoded.isVerbatim ? body : undefined);
  }
  if (call.verb === 'list') {
    // Who asks and gives up at once, time and again, must not keep the server at work for nobody: what came with the
    // question is read first.
    await setImmediate();
    call.signal.throwIfAborted();
  }
  const answer = await pipeline.run(call);
  call.signal.throwIfAborted();
  if (answer.type === 'watch') streamWatch(parts, call, answer.source, response, representation);
  else {
    const reply = await encodeAnswer(tables, parts.yaml, call, answer, representation);
    // What is left to do is at the pace of whoever reads, which must not keep others waiting.
    if (answer.type === 'list') exchange.seat?.leaveIn(sendingMs);
    await respond(request, response, reply);
  }
}

/** Is aborted when the client goes away before it has its answer. */
function signalOf(response: Response): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableEnded) gone.abort(new BerthError('ServiceUnavailable', 'the client has gone'));
  });
  return gone.signal;
}

function purposeOf({ verb, kind: { description }, subresource, patchType }: Call): Purpose {
  const { kind, version } = subresource?.kind ?? description;
  return { kind, version, patchType, isDeletion: verb === 'delete' || verb === 'deletecollection' };
}

/** How long the client waits is its own matter, as nothing here takes long; but it must be a duration as Go writes it. */
function checkTimeout(options: ReadonlyMap<string, string>): void {
  const timeout = options.get('timeout') ?? '';
  if (timeout === '' || /^[-+]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/.test(timeout)) return;
  const why = /^[-+]?(?:\d+\.?\d*|\.\d+)$/.test(timeout) ? 'missing unit in duration' : 'invalid duration';
  throw badRequest(`invalid timeout specified in the request URL - time: ${why} "${timeout}"`);
}

/** Questions, and what is done to objects rather than kept, have no table. */
function hasTable({ kind: { description }, subresource }: Call): boolean {
  if (subresource?.kind !== undefined) return subresource.kind.kind === 'Scale';
  return description.verbs.some((verb) => verb !== 'create');
}

/** Authenticates, waits for a seat, and authorizes; answers the call without its body. */
export async function callOf(
  parts: SeatingParts,
  request: Request,
  asked: AskedOfResource,
  exchange: Exchange,
  to: Response | Duplex,
): Promise<Call> {
  const { pipeline } = parts;
  const { target, options } = asked;
  const acting = await seatedRequester(parts, request, asked, exchange, to);
  const { record } = exchange;
  checkName(target.name);
  const verb = verbOf(request.method ?? 'GET', target, options);
  if (!verb) throw methodNotAllowed();
  const { kind, subresource } = pipeline.resolve(target);
  pipeline.authorize(acting, attributesOf(target, kind, verb, options), record);
  const { namespace } = target;
  const name = target.watched ? '' : target.name;
  if (target.watched && target.name !== '') options.set('fieldSelector', `metadata.name=${target.name}`);
  const userAgent = request.headers['user-agent'] ?? '';
  return {
    verb,
    user: acting,
    userAgent,
    kind,
    namespace,
    name,
    subresource,
    options,
    warnings: kind.deprecation === undefined ? [] : [kind.deprecation],
    ...(record ? { record } : {}),
    signal: undefined,
  };
}

/** What no name of an object can be, since it stands in a path. Source: `IsValidPathSegmentName` of apimachinery. */
function checkName(name: string): void {
  const why =
    name === '.' || name === '..'
      ? `may not be '${name}'`
      : name.includes('/')
        ? "may not contain '/'"
        : name.includes('%')
          ? "may not contain '%'"
          : undefined;
  if (why) throw badRequest(`Name parameter invalid: ${JSON.stringify(name)}: ${why}`);
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
