import type { Revision, StoreEvent } from '../../store/index.ts';
import { encodeObject, StoredObject } from './stored-object.ts';

export type EventType = 'ADDED' | 'MODIFIED' | 'DELETED';

/** One change of one object, shared by all who watch it. */
export class ResourceEvent {
  readonly type: 'put' | 'delete';
  /** The new state; for a delete, the last state with the version of the deletion. */
  readonly object: StoredObject;
  readonly previous: StoredObject | undefined;
  #frames: Map<string, Buffer | WeakRef<Buffer>> | undefined;
  #departed: StoredObject | undefined;
  #isSettled = false;

  constructor(type: 'put' | 'delete', object: StoredObject, previous: StoredObject | undefined) {
    this.type = type;
    this.object = object;
    this.previous = previous;
  }

  get revision(): Revision {
    return this.object.revision;
  }

  /** What one sees who watched for the previous state only: that state, with this event's version. */
  get departed(): StoredObject {
    if (this.type === 'delete' || !this.previous) return this.object;
    if (this.#isSettled) return this.previous.at(this.revision);
    this.#departed ??= this.previous.at(this.revision);
    return this.#departed;
  }

  /** The bytes under `name`: one buffer for all who hold it at the same time. */
  frame(name: string, make: () => Buffer): Buffer {
    this.#frames ??= new Map();
    const known = this.#frames.get(name);
    let frame = known instanceof WeakRef ? known.deref() : known;
    if (!frame) {
      frame = make();
      this.#frames.set(name, this.#isSettled ? new WeakRef(frame) : frame);
    }
    return frame;
  }

  /** Called when all who keep up were told. From then on a frame lives for as long as somebody is about to send it. */
  settle(): void {
    this.#isSettled = true;
    this.#departed = undefined;
    // What was replaced will hardly be looked at again.
    this.previous?.forgetObject();
    if (this.#frames === undefined) return;
    for (const [name, frame] of this.#frames)
      if (!(frame instanceof WeakRef)) this.#frames.set(name, new WeakRef(frame));
  }
}

/** What the store tells, read anew. */
export function resourceEventOf(event: StoreEvent): ResourceEvent {
  const object = new StoredObject(event.key, event.value, event.revision);
  const previous = event.previous && new StoredObject(event.key, event.previous.value, event.previous.revision);
  return event.type === 'put'
    ? new ResourceEvent('put', object, previous)
    : // Which version the last state was of stands in it alone.
      new ResourceEvent('delete', encodeObject(event.key, object.object, event.revision), previous ?? object);
}
