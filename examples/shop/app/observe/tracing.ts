import { performance } from 'node:perf_hooks';
import { childContext, type TraceContext } from './trace-context.ts';

export type AttributeValue = string | number | boolean;

/** Span kinds by their numbers in OTLP's `Span.SpanKind`. */
export const spanKinds = { internal: 1, server: 2, client: 3 } as const;

/** A finished span, times in nanoseconds since the epoch. */
export interface FinishedSpan {
  readonly context: TraceContext;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly kind: number;
  readonly start: bigint;
  readonly end: bigint;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly error: string | undefined;
}

/** Takes finished spans; must neither block nor throw. */
export type SpanSink = (span: FinishedSpan) => void;

export class Span {
  readonly context: TraceContext;
  name: string;
  readonly #parentSpanId: string | undefined;
  readonly #kind: number;
  readonly #start = nanoseconds();
  readonly #attributes: Record<string, AttributeValue> = {};
  readonly #sink: SpanSink;
  #error: string | undefined;

  constructor(name: string, kind: keyof typeof spanKinds, parent: TraceContext | undefined, sink: SpanSink) {
    this.name = name;
    this.context = childContext(parent);
    this.#parentSpanId = parent?.spanId;
    this.#kind = spanKinds[kind];
    this.#sink = sink;
  }

  set(attributes: Readonly<Record<string, AttributeValue>>): void {
    Object.assign(this.#attributes, attributes);
  }

  fail(message: string): void {
    this.#error = message;
  }

  end(): void {
    if (!this.context.sampled) return;
    this.#sink({
      context: this.context,
      parentSpanId: this.#parentSpanId,
      name: this.name,
      kind: this.#kind,
      start: this.#start,
      end: nanoseconds(),
      attributes: this.#attributes,
      error: this.#error,
    });
  }
}

function nanoseconds(): bigint {
  return BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n;
}
