import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { statusOf } from '@berth/kube/errors';
import { apiVersionOf } from '@berth/kube/objects';
import type { Call } from '../call.ts';
import type { EventType, ResourceEvent } from '../storage/resource-event.ts';
import type { StoredObject } from '../storage/stored-object.ts';
import { includeObjectOf, type Tables } from '../table/table.ts';
import { bookmarkObject, type WatchSink, type WatchSource } from '../watch/source.ts';
import { partialOf } from './encode.ts';
import type { Representation } from './negotiate.ts';
import { type Response, statusBody, warningHeaders } from './respond.ts';

/** A client that leaves this much unread is let go; it may come back from the last version it saw. */
const unreadLimitBytes = 32 * 1024 * 1024;

/** Writes a watch as one JSON document a line until either side ends it. */
export function streamWatch(
  tables: Tables,
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
  const frames = framesFor(tables, call, representation);
  let stop: (() => void) | undefined;
  let ended = false;
  const end = () => {
    ended = true;
    stop?.();
    response.end();
  };
  // An HTTP/2 response keeps what is unread in its stream.
  const unread = () => ('stream' in response ? response.stream?.writableLength : response.writableLength) ?? 0;
  const write = (frame: Buffer) => {
    if (ended) return;
    http.write(frame);
    if (unread() > unreadLimitBytes) end();
  };
  const sink: WatchSink = {
    event: (type, object, event) => write(frames.event(type, object, event)),
    bookmark: (revision, initialEventsEnd) => write(frames.bookmark(source, revision, initialEventsEnd)),
    end(error) {
      if (error !== undefined) write(eventFrame('ERROR', statusBody(statusOf(error))));
      end();
    },
  };
  stop = source.start(sink);
  if (ended) stop();
  response.on('close', () => {
    ended = true;
    stop?.();
  });
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
  const frame = (type: string, table: { columnDefinitions: unknown[] }) => {
    // The columns are told once; the client keeps them.
    if (!first) table.columnDefinitions = [];
    first = false;
    return eventFrame(type, Buffer.from(JSON.stringify(table)));
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
