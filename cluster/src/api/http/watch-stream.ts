import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { statusOf } from '@berth/kube/errors';
import { apiVersionOf } from '@berth/kube/objects';
import type { Call } from '../call.ts';
import type { EventType, ResourceEvent } from '../storage/resource-event.ts';
import type { StoredObject } from '../storage/stored-object.ts';
import { includeObjectOf, type Tables } from '../table/table.ts';
import { bookmarkObject, type RunningWatch, type WatchSource } from '../watch/source.ts';
import { metaVersion, partialOf } from './encode.ts';
import type { Representation } from './negotiate.ts';
import { type PacedBody, PacedStream } from './paced-stream.ts';
import { type Response, statusBody } from './respond.ts';
import type { UnreadBudget } from './unread.ts';
import { warningHeaders } from './warnings.ts';

/** Writes a watch as one JSON document a line, at the client's pace, until either side ends it. */
export function streamWatch(
  { tables, unread }: { tables: Tables; unread: UnreadBudget },
  call: Call,
  source: WatchSource,
  response: Response,
  representation: Representation,
): void {
  const http = response as ServerResponse;
  const warnings = warningHeaders(call.warnings);
  http.writeHead(200, {
    'content-type': 'application/json',
    'cache-control': 'no-cache, private',
    ...(warnings ? { warning: warnings } : {}),
  } as unknown as OutgoingHttpHeaders);
  http.flushHeaders?.();
  carryWatch({ tables, unread }, call, source, response, representation);
}

/** Writes the events themselves, to an answer that has begun or to what stands for one. */
export function carryWatch(
  { tables, unread }: { tables: Tables; unread: UnreadBudget },
  call: Call,
  source: WatchSource,
  body: PacedBody,
  representation: Representation,
): void {
  const frames = framesFor(tables, call, representation);
  const versioned = (frame: Buffer) => metaVersion(frame, representation);
  let running: RunningWatch | undefined;
  let isOver = false;
  const over = () => {
    isOver = true;
    running?.stop();
  };
  const stream = new PacedStream(body, unread, { onReady: () => running?.resume(), onClosed: over });
  running = source.start({
    event: (type, object, event) => stream.write(versioned(frames.event(type, object, event))),
    bookmark: (revision, initialEventsEnd) =>
      stream.write(versioned(frames.bookmark(source, revision, initialEventsEnd))),
    end(error) {
      isOver = true;
      if (error !== undefined) stream.write(eventFrame('ERROR', statusBody(statusOf(error))));
      stream.end();
    },
    ready: () => stream.ready(),
  });
  if (isOver) running.stop();
}

interface Frames {
  event(type: EventType, object: StoredObject, event: ResourceEvent | undefined): Buffer;
  bookmark(source: WatchSource, revision: number, initialEventsEnd: boolean): Buffer;
}

function framesFor(tables: Tables, call: Call, { as }: Representation): Frames {
  if (as === 'Table') return tableFrames(tables, call);
  const partial = as !== 'object';
  const version = apiVersionOf(call.kind.description);
  const make = (type: string, object: StoredObject) =>
    eventFrame(type, partial ? Buffer.from(JSON.stringify(partialOf(object))) : object.bytes);
  return {
    event: (type, object, event) =>
      event ? event.frame(`${version}:${as}:${type}`, () => make(type, object)) : make(type, object),
    bookmark(source, revision, initialEventsEnd) {
      const object = bookmarkObject(source.plan.kind, revision, initialEventsEnd);
      const shown = partial
        ? { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata }
        : object;
      return eventFrame('BOOKMARK', Buffer.from(JSON.stringify(shown)));
    },
  };
}

function tableFrames(tables: Tables, call: Call): Frames {
  let first = true;
  const include = includeObjectOf(call.options);
  const frame = (type: string, table: object) => {
    // The columns are told once; the client keeps them.
    const shown = first ? table : { ...table, columnDefinitions: null };
    first = false;
    return eventFrame(type, Buffer.from(JSON.stringify(shown)));
  };
  return {
    event: (type, object) =>
      frame(type, tables.table(call.kind, [object.object], { resourceVersion: String(object.revision) }, include)),
    bookmark: (source, revision, initialEventsEnd) =>
      frame('BOOKMARK', tables.bookmark(call.kind, bookmarkObject(source.plan.kind, revision, initialEventsEnd))),
  };
}

function eventFrame(type: string, object: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`{"type":"${type}","object":`), object, newline]);
}

const newline = Buffer.from('}\n');
