import { setTimeout as delay } from 'node:timers/promises';
import { isBerthError } from '@berth/kube/errors';
import { type ClientReadableStream, type ServiceError, status } from '@grpc/grpc-js';
import { channel } from '../channel.ts';
import type { RuntimeEvent } from '../types.ts';
import type { Connection } from './connection.ts';

interface CriEvent {
  containerId: string;
  containerEventType: keyof typeof criTypes;
}

interface ContainerdEvent {
  topic: string;
  event: { value: Buffer } | null;
}

const criTypes = {
  CONTAINER_CREATED_EVENT: undefined,
  CONTAINER_STARTED_EVENT: 'started',
  CONTAINER_STOPPED_EVENT: 'ended',
  CONTAINER_DELETED_EVENT: 'removed',
} as const;

const topics = { '/tasks/start': 'started', '/tasks/exit': 'ended', '/tasks/delete': 'removed', '/tasks/oom': 'oom' };

/** Without any event service the runtime is listed once a second, as kubelet does. */
const relistMs = 1000;

/** Whether the runtime shows a container or sandbox as ended (or does not know it any more). */
type HasEnded = (id: string) => Promise<boolean>;

/**
 * A server does not say when a subscription has begun, and what happens before is lost to it: so everything is looked
 * at again this many milliseconds after it was asked for.
 */
const settling = [200, 1000, 3000];

/** CRI's own events where the runtime has them, else containerd's, else a `resync` every second. */
export async function* runtimeEvents(
  connection: Connection,
  hasEnded: HasEnded,
  signal: AbortSignal,
): AsyncIterable<RuntimeEvent> {
  const sources = [criEvents, containerdEvents];
  let pause = 100;
  while (!signal.aborted) {
    yield { type: 'resync' };
    const source = sources[0];
    try {
      if (!source) await delay(relistMs, undefined, { signal });
      else {
        for await (const event of source(connection, hasEnded, signal)) {
          pause = 100;
          yield event;
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      if ((error as Partial<ServiceError>).code === status.UNIMPLEMENTED) sources.shift();
      else {
        await delay(pause, undefined, { signal }).catch(() => undefined);
        pause = Math.min(pause * 2, 5000);
      }
    }
  }
}

function criEvents(connection: Connection, _: HasEnded, signal: AbortSignal): AsyncIterable<RuntimeEvent> {
  const stream = connection.stream<CriEvent>('runtime.v1.RuntimeService', 'GetContainerEvents', {});
  return subscribed(stream, signal, (event, push) => {
    const type = criTypes[event.containerEventType];
    if (type) push({ type, id: event.containerId });
  });
}

function containerdEvents(
  connection: Connection,
  hasEnded: HasEnded,
  signal: AbortSignal,
): AsyncIterable<RuntimeEvent> {
  const filters = Object.keys(topics).map((topic) => `namespace==k8s.io,topic=="${topic}"`);
  const stream = connection.stream<ContainerdEvent>('containerd.services.events.v1.Events', 'Subscribe', { filters });
  return subscribed(stream, signal, ({ topic, event }, push) => {
    const type = topics[topic as keyof typeof topics] as 'started' | 'ended' | 'removed' | 'oom' | undefined;
    if (!type || !event) return;
    const [id = '', process = id] = leadingStrings(event.value);
    // An exec's process comes and goes with an id of its own.
    if (process !== id) return;
    if (type !== 'ended') push({ type, id });
    else {
      const tell = () => push({ type, id });
      // Whatever the question brought, the end itself is known.
      void untilEnded(hasEnded, id, signal).then(tell, tell);
    }
  });
}

async function* subscribed<T>(
  stream: ClientReadableStream<T>,
  signal: AbortSignal,
  receive: (event: T, push: (event: RuntimeEvent) => void) => void,
): AsyncIterable<RuntimeEvent> {
  const out = channel<RuntimeEvent>();
  const cancel = () => stream.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  const timers = settling.map((after) => setTimeout(() => out.push({ type: 'resync' }), after));
  stream.on('data', (event: T) => receive(event, out.push));
  stream.on('error', (error) => out.fail(error));
  stream.on('end', () => out.end());
  try {
    yield* out;
  } finally {
    for (const timer of timers) clearTimeout(timer);
    signal.removeEventListener('abort', cancel);
    stream.cancel();
  }
}

/** containerd publishes an exit before its CRI plugin has recorded it: a status read at once may still say running. */
async function untilEnded(hasEnded: HasEnded, id: string, signal: AbortSignal): Promise<void> {
  for (let pause = 5; pause < 2000 && !signal.aborted; pause *= 2) {
    try {
      if (await hasEnded(id)) return;
    } catch (error) {
      if (!isBerthError(error)) throw error;
    }
    await delay(pause);
  }
}

/** The string fields 1 and 2 at the head of a protobuf message, as far as they are there. */
function leadingStrings(message: Buffer): string[] {
  const strings: string[] = [];
  let at = 0;
  for (const tag of [0x0a, 0x12]) {
    const length = message[at + 1];
    if (message[at] !== tag || length === undefined || length > 0x7f) break;
    strings.push(message.toString('utf8', at + 2, at + 2 + length));
    at += 2 + length;
  }
  return strings;
}
