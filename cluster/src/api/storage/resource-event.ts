import type { Revision } from '../../store/index.ts';
import type { StoredObject } from './stored-object.ts';

export type EventType = 'ADDED' | 'MODIFIED' | 'DELETED';

/** One change of one object, shared by all who watch it. */
export class ResourceEvent {
  readonly type: 'put' | 'delete';
  /** The new state; for a delete, the last state with the version of the deletion. */
  readonly object: StoredObject;
  readonly previous: StoredObject | undefined;
  #frames: Map<string, Buffer> | undefined;
  #departed: StoredObject | undefined;

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
    this.#departed ??= this.previous.at(this.revision);
    return this.#departed;
  }

  /** The bytes under `name`, made once whoever asks. */
  frame(name: string, make: () => Buffer): Buffer {
    this.#frames ??= new Map();
    let frame = this.#frames.get(name);
    if (!frame) {
      frame = make();
      this.#frames.set(name, frame);
    }
    return frame;
  }

  /** Called when all who watch were served; later ones make their frames again. */
  forgetFrames(): void {
    this.#frames = undefined;
    this.#departed = undefined;
  }
}
