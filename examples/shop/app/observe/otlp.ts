import type { AttributeValue, FinishedSpan, SpanSink } from './tracing.ts';

export interface OtlpOptions {
  /** The collector's base address, as in OTEL_EXPORTER_OTLP_ENDPOINT; `/v1/traces` is added. */
  readonly endpoint: string;
  /** Resource attributes: service.name and what else is known of this process. */
  readonly resource: Readonly<Record<string, AttributeValue>>;
  /** Called for spans that are given up: the queue was full, or the collector refused them. */
  readonly onDropped: (count: number) => void;
  readonly queueLimit?: number;
  readonly intervalMs?: number;
}

export interface OtlpExporter {
  readonly sink: SpanSink;
  /** Sends what is left, once, within a second, and stops. */
  close(): Promise<void>;
}

const batchLimit = 256;
const timeoutMs = 5_000;
const longestPauseMs = 30_000;

/**
 * Sends spans as OTLP over HTTP in JSON, in batches, beside the requests: the queue is bounded, what does not fit is
 * counted and dropped, and a collector that is away is asked again after a growing pause.
 * Source: OpenTelemetry Protocol 1.x, "OTLP/HTTP", "JSON Protobuf Encoding".
 */
export function otlpExporter(options: OtlpOptions): OtlpExporter {
  const { endpoint, resource, onDropped, queueLimit = 2048, intervalMs = 1_000 } = options;
  const url = `${endpoint.replace(/\/+$/, '')}/v1/traces`;
  const queue: FinishedSpan[] = [];
  let pauseMs = intervalMs;
  let timer: NodeJS.Timeout | undefined;
  let sending: Promise<void> | undefined;
  let closed = false;

  const schedule = () => {
    if (timer !== undefined || sending !== undefined || closed || queue.length === 0) return;
    timer = setTimeout(() => {
      timer = undefined;
      sending = flush(timeoutMs).finally(() => {
        sending = undefined;
        schedule();
      });
    }, pauseMs);
    timer.unref();
  };

  const flush = async (limitMs: number) => {
    while (queue.length > 0) {
      const batch = queue.splice(0, batchLimit);
      const outcome = await send(url, payload(resource, batch), limitMs);
      if (outcome === 'retry') {
        const room = Math.max(0, queueLimit - queue.length);
        queue.unshift(...batch.slice(0, room));
        if (batch.length > room) onDropped(batch.length - room);
        pauseMs = Math.min(pauseMs * 2, longestPauseMs);
        return;
      }
      if (outcome === 'refused') onDropped(batch.length);
      pauseMs = intervalMs;
    }
  };

  return {
    sink(span) {
      if (queue.length >= queueLimit || closed) {
        onDropped(1);
        return;
      }
      queue.push(span);
      schedule();
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      // What is under way may take its full time-out; the end of the process may not.
      await Promise.race([sending, new Promise((resolve) => setTimeout(resolve, 500).unref())]);
      await flush(500);
      if (queue.length > 0) onDropped(queue.length);
      queue.length = 0;
    },
  };
}

async function send(url: string, body: string, limitMs: number): Promise<'sent' | 'refused' | 'retry'> {
  try {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(limitMs) });
    await response.body?.cancel();
    if (response.ok) return 'sent';
    return [429, 502, 503, 504].includes(response.status) ? 'retry' : 'refused';
  } catch {
    return 'retry';
  }
}

function payload(resource: OtlpOptions['resource'], spans: readonly FinishedSpan[]): string {
  return JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: attributes(resource) },
        scopeSpans: [{ scope: { name: 'berth-shop' }, spans: spans.map(encode) }],
      },
    ],
  });
}

function encode(span: FinishedSpan): unknown {
  const { traceId, spanId, state } = span.context;
  return {
    traceId,
    spanId,
    ...(state !== undefined && { traceState: state }),
    ...(span.parentSpanId !== undefined && { parentSpanId: span.parentSpanId }),
    name: span.name,
    kind: span.kind,
    startTimeUnixNano: span.start.toString(),
    endTimeUnixNano: span.end.toString(),
    attributes: attributes(span.attributes),
    status: span.error === undefined ? {} : { code: 2, message: span.error },
  };
}

function attributes(values: Readonly<Record<string, AttributeValue>>): unknown[] {
  return Object.entries(values).map(([key, value]) => ({ key, value: anyValue(value) }));
}

function anyValue(value: AttributeValue): unknown {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}
