import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { startTestWebhook } from '../../webhook/testing.ts';
import { auditPlace, openAuditLog } from '../log/index.ts';
import { Shipping, type ShippingNews, usualShipping } from './shipping.ts';

const event = (n: number) => Buffer.from(JSON.stringify({ n }));
const events = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => event(from + index));

describe('shipping', () => {
  let news: ShippingNews[];
  let batches: number[][];
  let isDown: boolean;

  beforeEach(() => {
    vi.useFakeTimers();
    news = [];
    batches = [];
    isDown = false;
  });
  afterEach(() => void vi.useRealTimers());

  const shipping = (limits = {}) =>
    new Shipping({
      async post(sent) {
        if (isDown) throw new Error('nobody there');
        batches.push(sent.map((one) => (JSON.parse(one.toString()) as { n: number }).n));
      },
      tell: (one) => void news.push(one),
      limits: { ...usualShipping, ...limits },
    });
  const sizes = () => batches.map(({ length }) => length);

  test('a few wait for more, many go at once, not faster than the spacing', async () => {
    const one = shipping();
    one.add(events(1, 3));
    await vi.advanceTimersByTimeAsync(999);
    expect(batches).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(batches).toEqual([[1, 2, 3]]);
    one.add(events(4, 1003));
    await vi.advanceTimersByTimeAsync(50);
    expect(sizes()).toEqual([3, 400]);
    await vi.advanceTimersByTimeAsync(100);
    expect(sizes()).toEqual([3, 400, 400]);
    await vi.advanceTimersByTimeAsync(2000);
    expect(batches.flat()).toEqual(Array.from({ length: 1003 }, (_, index) => index + 1));
    expect(news).toEqual([]);
  });

  test('nothing is lost while the collector is away, as far as there is room', async () => {
    const one = shipping({ waiting: 1000 });
    isDown = true;
    one.add(events(1, 900));
    await vi.advanceTimersByTimeAsync(30_000);
    one.add(events(901, 1005));
    await vi.advanceTimersByTimeAsync(600_000);
    isDown = false;
    await vi.advanceTimersByTimeAsync(61_000);
    expect(batches.flat()).toEqual(Array.from({ length: 1000 }, (_, index) => index + 1));
    expect(news).toEqual([
      { message: 'audit events cannot be sent, and wait: nobody there', isGood: false, lost: 0 },
      { message: 'audit events are not sent any more: too many are waiting', isGood: false, lost: 1 },
      { message: 'audit events are sent again', isGood: true, lost: 5 },
    ]);
  });

  test('an orderly end sends what is left, and does not wait for ever', async () => {
    const one = shipping();
    one.add(events(1, 900));
    const sent = one.close();
    await vi.advanceTimersByTimeAsync(1000);
    await sent;
    expect(batches.flat()).toHaveLength(900);
    const other = shipping();
    isDown = true;
    other.add(events(1, 5));
    const ending = other.close();
    await vi.advanceTimersByTimeAsync(5100);
    await ending;
    expect(news.at(-1)).toEqual({ message: 'audit events could not be sent before the end', isGood: false, lost: 5 });
  });
});

describe('from the log', { timeout: 120_000 }, () => {
  const limits = { maxSize: 1e6, maxAge: 0, maxBackups: 0 };
  const logger = pino({ level: 'silent' });
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'berth-audit-'));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  function open(kubeconfig: object) {
    const webhook = join(directory, 'collector.yaml');
    writeFileSync(webhook, JSON.stringify(kubeconfig));
    return openAuditLog({ ...auditPlace(directory), limits, logger, webhook });
  }

  test('a collector gets the events as a list', async () => {
    const lists: { body: unknown; path: string; authorization: string | undefined }[] = [];
    await using collector = await startTestWebhook((body, { url = '', headers }) => {
      lists.push({ body, path: url, authorization: headers.authorization });
      return {};
    });
    const cluster = { server: `${collector.url}/audit`, 'certificate-authority-data': collector.caBundle };
    const log = await open({
      clusters: [{ name: 'c', cluster }],
      users: [{ name: 'u', user: { token: 't' } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    });
    const head = '{"kind":"Event","apiVersion":"audit.k8s.io/v1",';
    const parts = { head, request: '{"a":1}', response: undefined, omitManagedFields: false };
    log.write({ ...parts, tail: '"annotations":{' });
    log.write({ ...parts, tail: '"annotations":{"a":"b",' });
    await log.close();
    const whole = { kind: 'Event', apiVersion: 'audit.k8s.io/v1', requestObject: { a: 1 } };
    const items = [
      { ...whole, annotations: {} },
      { ...whole, annotations: { a: 'b' } },
    ];
    const body = { kind: 'EventList', apiVersion: 'audit.k8s.io/v1', metadata: {}, items };
    expect(lists).toEqual([{ body, path: '/audit', authorization: 'Bearer t' }]);
    expect(log.counts).toEqual({ written: 2, lost: 0, unsent: 0 });
  });

  test('a kubeconfig that names nobody is refused', async () => {
    await expect(open({ clusters: [] })).rejects.toThrow(/^The kubeconfig .*collector\.yaml names no cluster/);
  });
});
