import type { Scope, Stage } from '@berth/kube/audit';
import type { Status } from '@berth/kube/errors';
import type { KubeObject } from '@berth/kube/objects';
import type { User } from '../types.ts';
import type { MicroClock } from './clock.ts';
import { headOf, type ObjectReference, type ShownStatus, tailOf } from './event.ts';
import type { AuditNotes } from './notes.ts';
import type { Requested } from './requested.ts';
import type { EventText, Json } from './sink.ts';
import type { Origin } from './source.ts';

/** Bytes of an event with its bodies; of a larger one they are left out, as by Kubernetes' truncating backend. */
const mostBytes = 100 * 1024;

/** Characters of annotations, which webhooks may give as well. */
const mostAnnotated = 64 * 1024;
const truncated = 'audit.k8s.io/truncated';
/** The log's own annotations are nobody else's to give. */
const ownPrefix = 'audit.berth.dev/';

export interface RecordParts {
  asked: Requested;
  origin: Origin;
  scope: Scope;
  emit(event: EventText): void;
  clock: MicroClock;
}

/**
 * One request on its way into the audit log. Whoever answers it tells what becomes of it; each stage that the policy wants
 * is an event. Source: `AuditContext` of `k8s.io/apiserver/pkg/audit`.
 */
export class AuditRecord implements AuditNotes {
  readonly #parts: RecordParts;
  readonly #received: number;
  readonly #annotations: Record<string, string> = {};
  /** Characters of annotations that others gave. */
  #annotated = 0;
  #objectRef: ObjectReference | undefined;
  #impersonated: User | undefined;
  #status: ShownStatus | undefined;
  #request: Json | undefined;
  #response: Json | undefined;
  #isStarted = false;
  #isOver = false;

  constructor(parts: RecordParts) {
    this.#parts = parts;
    this.#received = parts.clock.now();
    const { asked } = parts;
    if (!('path' in asked)) this.#objectRef = asked;
  }

  get wantsRequest(): boolean {
    return this.#parts.scope.level === 'Request' || this.wantsResponse;
  }

  get wantsResponse(): boolean {
    return this.#parts.scope.level === 'RequestResponse';
  }

  annotate(key: string, value: string): void {
    if (key.startsWith(ownPrefix) || key in this.#annotations) return;
    this.#annotated += key.length + value.length;
    if (this.#annotated > mostAnnotated) this.#annotations[truncated] = 'true';
    else this.#annotations[key] = value;
  }

  decided({ allowed, reason }: { allowed: boolean; reason: string }): void {
    this.#annotations['authorization.k8s.io/decision'] = allowed ? 'allow' : 'forbid';
    this.#annotations['authorization.k8s.io/reason'] = reason;
  }

  impersonates(user: User): void {
    this.#impersonated = user;
  }

  received(): void {
    this.#emit('RequestReceived', this.#received);
  }

  sent(body: unknown, bytes?: Buffer): void {
    if (body === undefined) return;
    const isPatch = this.#parts.asked.verb === 'patch';
    if (!isPatch) this.#refer(body as Partial<KubeObject> | null);
    if (!this.wantsRequest) return;
    // A line break within JSON stands between its parts, and would end the line here.
    this.#request = bytes && !bytes.includes(0x0a) && !bytes.includes(0x0d) ? [bytes] : JSON.stringify(body);
  }

  answered(body: Buffer | readonly Buffer[]): void {
    const parts = Buffer.isBuffer(body) ? [body] : body;
    if (parts[0]?.subarray(0, statusBeginning.length).equals(statusBeginning)) {
      this.#status = JSON.parse(Buffer.concat(parts).toString()) as Status;
    }
    if (this.wantsResponse) this.#response = parts;
  }

  /** What the request was refused with. */
  failed(status: Status): void {
    this.#status = status;
    if (this.wantsResponse) this.#response = JSON.stringify(status);
  }

  /** The answer has begun, of one that may go on for long. */
  started(code: number): void {
    if (this.#isStarted || this.#isOver) return;
    this.#isStarted = true;
    this.#status = { ...this.#status, code };
    this.#emit('ResponseStarted');
  }

  /** The answer has ended; `code` counts when nothing else was said of it. */
  completed(code: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (!this.#isStarted && this.#status?.code === undefined) this.#status = { ...this.#status, code };
    this.#emit('ResponseComplete');
  }

  /** The request ran into a fault of the server's own. */
  panicked(message: string): void {
    this.#isOver = true;
    this.#status = { status: 'Failure', message: `APIServer panic'd: ${message}`, reason: 'InternalError', code: 500 };
    this.#emit('Panic');
  }

  /** What the body of a request knows of its object and the path does not say. */
  #refer(body: Partial<KubeObject> | null): void {
    const known = this.#objectRef;
    const metadata = body?.metadata as Partial<KubeObject['metadata']> | null | undefined;
    if (!known || typeof metadata !== 'object' || metadata === null) return;
    this.#objectRef = {
      ...known,
      namespace: known.namespace || text(metadata.namespace),
      name: known.name || text(metadata.name),
      uid: text(metadata.uid),
      resourceVersion: text(metadata.resourceVersion),
    };
  }

  #emit(stage: Stage, at = this.#parts.clock.now()): void {
    const { scope, asked, origin, emit, clock } = this.#parts;
    if (scope.omitStages.has(stage)) return;
    const isFirst = stage === 'RequestReceived';
    const isTooLong = sizeOf(this.#request) + sizeOf(this.#response) > mostBytes;
    if (isTooLong) this.#annotations[truncated] = 'true';
    emit({
      head: headOf({
        ...{ level: scope.level, stage, origin, verb: asked.verb, user: asked.user },
        impersonated: this.#impersonated,
        objectRef: this.#objectRef,
        status: this.#status,
      }),
      request: isFirst || isTooLong ? undefined : this.#request,
      response: isFirst || isTooLong ? undefined : this.#response,
      tail: tailOf(clock.text(this.#received), clock.text(at), this.#annotations),
      omitManagedFields: scope.omitManagedFields,
    });
  }
}

const statusBeginning = Buffer.from('{"kind":"Status","apiVersion":"v1"');

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Of text, characters stand for bytes. */
function sizeOf(json: Json | undefined): number {
  if (json === undefined) return 0;
  if (typeof json === 'string') return json.length;
  let size = 0;
  for (const part of json) size += part.length;
  return size;
}
