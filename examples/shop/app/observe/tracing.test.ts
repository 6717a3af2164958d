import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { startShop, Visitor } from '../shop.fixture.ts';
import { otlpExporter } from './otlp.ts';
import { formatTraceparent, parseTraceparent } from './trace-context.ts';
import { type FinishedSpan, Span } from './tracing.ts';

interface ReceivedSpan {
  service: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  status: { code?: number };
}

interface Attribute {
  key: string;
  value: { stringValue?: string };
}

/** A collector that keeps what it is sent; `answer` is its status, 0 for none at all. */
async function collector(answer = 200) {
  const spans: ReceivedSpan[] = [];
  const server = createServer(async (request, response) => {
    const body = (await json(request)) as {
      resourceSpans: { resource: { attributes: Attribute[] }; scopeSpans: { spans: ReceivedSpan[] }[] }[];
    };
    expect(request.url).toBe('/v1/traces');
    for (const { resource, scopeSpans } of body.resourceSpans) {
      const service = resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue ?? '';
      for (const scope of scopeSpans) spans.push(...scope.spans.map((span) => ({ ...span, service })));
    }
    if (answer === 0) return;
    response.writeHead(answer).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return { spans, endpoint, [Symbol.asyncDispose]: close };
}

test('a checkout is one trace through all four services, under the trace of the caller', async () => {
  await using received = await collector();
  const traceId = 'ab'.repeat(16);
  {
    await using shop = await startShop({ OTEL_EXPORTER_OTLP_ENDPOINT: received.endpoint });
    const visitor = new Visitor(shop.storefront, { traceparent: `00-${traceId}-${'12'.repeat(8)}-01` });
    await visitor.open('/cart', { product: 'enamel-mug' });
    await visitor.open('/checkout', { key: '12345678', recipient: 'Ann', card: '4242424242424242' });
  }
  const spans = received.spans.filter((span) => span.traceId === traceId);
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const path = (span: ReceivedSpan | undefined): string =>
    span === undefined
      ? ''
      : `${path(byId.get(span.parentSpanId ?? ''))}/${span.service}:${span.kind === 2 ? 'in' : 'out'}`;
  const charge = spans.find(({ name }) => name === 'POST /charges');
  expect(path(charge)).toBe('/storefront:in/storefront:out/orders:in/orders:out/payments:in');
  for (const span of spans) {
    expect(BigInt(span.endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(span.startTimeUnixNano));
    expect(Math.abs(Number(BigInt(span.startTimeUnixNano) / 1_000_000n) - Date.now())).toBeLessThan(60_000);
  }
});

test('what the caller does not want sampled is handed on so, and not sent', async () => {
  await using received = await collector();
  {
    await using shop = await startShop({ OTEL_EXPORTER_OTLP_ENDPOINT: received.endpoint });
    const traceparent = `00-${'ab'.repeat(16)}-${'12'.repeat(8)}-00`;
    expect((await new Visitor(shop.storefront, { traceparent }).open('/')).status).toBe(200);
  }
  expect(received.spans).toEqual([]);
});

describe('a collector in trouble', () => {
  const resource = { 'service.name': 'test' };
  const finish = (sink: (span: FinishedSpan) => void) => new Span('one', 'internal', undefined, sink).end();

  test('that never answers costs no request, and the stop waits a second at most', async () => {
    await using silent = await collector(0);
    const shop = await startShop({ OTEL_EXPORTER_OTLP_ENDPOINT: silent.endpoint });
    for (let n = 0; n < 20; n += 1) expect((await new Visitor(shop.storefront).open('/')).status).toBe(200);
    await Promise.race([
      shop[Symbol.asyncDispose](),
      delay(15_000, undefined, { ref: false }).then(() => Promise.reject(new Error('the stop hangs'))),
    ]);
  });

  test('that is away: the queue is bounded, what does not fit is counted', async () => {
    let dropped = 0;
    const exporter = otlpExporter({
      endpoint: 'http://127.0.0.1:1',
      resource,
      onDropped: (count) => {
        dropped += count;
      },
      queueLimit: 10,
      intervalMs: 5,
    });
    for (let n = 0; n < 25; n += 1) finish(exporter.sink);
    expect(dropped).toBe(15);
    await exporter.close();
    expect(dropped).toBe(25);
  });

  test('that was away gets the spans when it is back', async () => {
    const spare = await collector();
    const { endpoint } = spare;
    await spare[Symbol.asyncDispose]();
    const exporter = otlpExporter({ endpoint, resource, onDropped: () => {}, intervalMs: 5 });
    finish(exporter.sink);
    await delay(20);
    const received: unknown[] = [];
    const server = createServer((request, response) => {
      received.push(request.url);
      request.resume().once('end', () => response.end());
    });
    await new Promise<void>((resolve) => server.listen(Number(new URL(endpoint).port), '127.0.0.1', resolve));
    while (received.length === 0) await delay(5);
    await exporter.close();
    server.closeAllConnections();
    server.close();
  });

  test('that refuses is not asked again with the same spans', async () => {
    await using refusing = await collector(400);
    let dropped = 0;
    const onDropped = (count: number) => {
      dropped += count;
    };
    const exporter = otlpExporter({ endpoint: refusing.endpoint, resource, onDropped, intervalMs: 1 });
    finish(exporter.sink);
    while (dropped === 0) await delay(2);
    await exporter.close();
    expect(refusing.spans).toHaveLength(1);
  });
});

test.each([
  ['00-00000000000000000000000000000000-1212121212121212-01'],
  ['00-abababababababababababababababab-0000000000000000-01'],
  ['00-ABABABABABABABABABABABABABABABAB-1212121212121212-01'],
  ['ff-abababababababababababababababab-1212121212121212-01'],
  ['00-abababababababababababababababab-1212121212121212-01-more'],
  ['00-abab-1212-01'],
  [''],
  [undefined],
])('%s is no traceparent', (header) => {
  expect(parseTraceparent(header)).toBeUndefined();
});

test('a traceparent of a later version is read, and written as version 00', () => {
  const context = parseTraceparent(`cc-${'ab'.repeat(16)}-${'12'.repeat(8)}-03-later`, 'vendor=1');
  expect(context).toMatchObject({ sampled: true, state: 'vendor=1' });
  expect(context && formatTraceparent(context)).toBe(`00-${'ab'.repeat(16)}-${'12'.repeat(8)}-01`);
});
