import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { EventText } from '../sink.ts';
import { auditPlace, openAuditLog, verifyAuditLog } from './index.ts';

const limits = { maxSize: 1024 * 1024, maxAge: 0, maxBackups: 0 };
const logger = pino({ level: 'silent' });
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'berth-audit-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const place = () => auditPlace(directory);
const open = (more: object = {}) => openAuditLog({ ...place(), limits, logger, ...more });
const event = (n: number, more: Partial<EventText> = {}): EventText => ({
  ...{ head: `{"n":${n},"uri":"/ü",`, request: undefined, response: undefined },
  ...{ tail: '"annotations":{"a":"b",', omitManagedFields: false },
  ...more,
});
const records = () =>
  readFileSync(place().path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

test('everything that was written before an orderly stop is there, in order', async () => {
  const log = await open({ limits: { ...limits, maxSize: 100_000 } });
  for (let n = 1; n <= 5000; n++) log.write(event(n));
  await log.close();
  expect(log.counts).toEqual({ written: 5000, lost: 0, unsent: 0 });
  expect(await verifyAuditLog(place())).toMatchObject({ good: 5000, faults: [], remarks: [] });
  expect(records().at(-1)).toMatchObject({ n: 5000, uri: '/ü', annotations: { 'audit.berth.dev/sequence': '5000' } });
});

test('bodies stand in their places, without managed fields where they are not wanted', async () => {
  const log = await open();
  const metadata = { name: 'ä', managedFields: [{ manager: 'me' }] };
  const parts = [Buffer.from('{"metadata":{},"items":['), Buffer.from(JSON.stringify({ metadata })), Buffer.from(']}')];
  const request = JSON.stringify({ metadata, big: 9_223_372_036_854_775_000 });
  log.write(event(1, { request, response: parts }));
  log.write(event(2, { request, response: parts, omitManagedFields: true }));
  log.write(event(3, { response: JSON.stringify({ rows: [{ object: { metadata } }] }), omitManagedFields: true }));
  await log.close();
  const [whole, less, table] = records();
  expect(whole).toMatchObject({ requestObject: { metadata }, responseObject: { items: [{ metadata }] } });
  expect(less.requestObject).toEqual({ metadata: { name: 'ä' }, big: 9_223_372_036_854_775_000 });
  expect(less.responseObject).toEqual({ metadata: {}, items: [{ metadata: { name: 'ä' } }] });
  expect(table).not.toHaveProperty('requestObject');
  expect(table.responseObject).toEqual({ rows: [{ object: { metadata: { name: 'ä' } } }] });
});

test('a log that cannot be opened says why', async () => {
  mkdirSync(place().path, { recursive: true });
  await expect(open()).rejects.toThrow(/^cannot keep the audit log in .*audit\.log: EISDIR/);
});

test('losing records is said once, and then how many', async () => {
  const error = vi.spyOn(logger, 'error');
  const warn = vi.spyOn(logger, 'warn');
  const log = await open();
  rmSync(place().path);
  mkdirSync(place().path);
  for (let n = 1; n <= 3; n++) {
    log.write(event(n));
    await expect.poll(() => log.counts.lost).toBe(n);
  }
  expect(error.mock.calls.map(([, message]) => message)).toEqual([
    'the audit log cannot be written: records are lost until it can',
  ]);
  rmdirSync(place().path);
  log.write(event(4));
  await log.close();
  expect(warn.mock.calls.at(-1)).toEqual([{ lost: 3 }, 'the audit log is written again; records were lost meanwhile']);
  expect(records()).toMatchObject([{ n: 4, annotations: { a: 'b', 'audit.berth.dev/lost': '3' } }]);
});

/** A process that writes records as fast as it can, until it is killed. */
const writing = `
  import { openAuditLog } from ${JSON.stringify(new URL('index.ts', import.meta.url).href)};
  const log = await openAuditLog({ ...JSON.parse(process.argv[2]), logger: { warn() {}, error() {} } });
  let isTold = false;
  for (let n = 0; ; n++) {
    log.write({ head: '{"n":' + n + ',', tail: '"annotations":{', omitManagedFields: false });
    if (n % 50 === 0) await new Promise(setImmediate);
    if (log.counts.written > 1000 && !isTold) console.log('on its way', (isTold = true));
  }
`;

test('kill -9 leaves a chain that goes on', { timeout: 60_000 }, async () => {
  const options = JSON.stringify({ ...place(), limits: { ...limits, maxSize: 200_000 } });
  const program = join(directory, 'writing.mjs');
  writeFileSync(program, writing);
  let good = 0;
  for (let round = 0; round < 3; round++) {
    const child = spawn(process.execPath, [program, options], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    const verdict = await verifyAuditLog(place());
    expect(verdict.faults).toEqual([]);
    expect(verdict.good).toBeGreaterThan(good + 500);
    good = verdict.good;
  }
  await (await open()).close();
  expect(await verifyAuditLog(place())).toMatchObject({ good, faults: [], remarks: [] });
});
