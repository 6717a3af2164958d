import { createHmac } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { auditPlace, type LogLimits, verifyAuditLog } from './index.ts';
import { macKey, macOf } from './mac.ts';
import { LogWriter } from './writer.ts';

const day = 24 * 3_600_000;
const unlimited: LogLimits = { maxSize: 1024 * 1024, maxAge: 0, maxBackups: 0 };
let directory: string;
let now: number;
let writers: LogWriter[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'berth-audit-'));
  now = Date.parse('2026-11-30T08:00:00Z');
  writers = [];
});
afterEach(async () => {
  // Those that a test has closed say so.
  await Promise.allSettled(writers.map((writer) => writer.close()));
  rmSync(directory, { recursive: true, force: true });
});

const place = () => auditPlace(directory);
async function open(limits: Partial<LogLimits> = {}, at = place()): Promise<LogWriter> {
  const writer = await LogWriter.open({ ...at, limits: { ...unlimited, ...limits }, now: () => now });
  writers.push(writer);
  return writer;
}
const events = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => Buffer.from(`{"n":${from + index},"annotations":{`));

/** Writes records as one run of the program, which ends by being killed: nothing is closed. */
async function write(from: number, to: number, limits: Partial<LogLimits> = {}): Promise<LogWriter> {
  const writer = await open(limits);
  for (const event of events(from, to)) {
    now += 1;
    await writer.append([event], 0);
  }
  return writer;
}

const log = () => readFileSync(place().path, 'utf8').split('\n').slice(0, -1);
const change = (edit: (lines: string[]) => string[]) => writeFileSync(place().path, `${edit(log()).join('\n')}\n`);
const faults = async () =>
  (await verifyAuditLog(place())).faults.map(({ line, problem }) => `${line ?? '-'}: ${problem}`);
const finished = () =>
  readdirSync(join(directory, 'audit'))
    .filter((name) => /^audit-.*\.log$/.test(name))
    .sort();

test('macs are those of HMAC-SHA256', async () => {
  await write(1, 2);
  const [first = '', second = ''] = log();
  const [mac, body] = [first.slice(-46, -3), second.slice(0, -',"audit.berth.dev/mac":"'.length - 46)];
  const key = Buffer.from(readFileSync(place().keyFile, 'utf8').trim(), 'hex');
  expect(second.slice(-46, -3)).toBe(createHmac('sha256', key).update(mac).update(body).digest('base64url'));
  for (const length of [1, 20, 32, 64]) {
    const made = Buffer.alloc(length, 7);
    const whole = createHmac('sha256', made).update('before').update('body').digest('base64url');
    expect(macOf(macKey(made), 'before', Buffer.from('body'))).toBe(whole);
  }
});

describe('what was written', () => {
  test('is good, each record an event still, for nobody else to read', async () => {
    await write(1, 3);
    expect(log().map((line) => JSON.parse(line))).toMatchObject(
      [1, 2, 3].map((n) => ({ n, annotations: { 'audit.berth.dev/sequence': String(n) } })),
    );
    expect(await verifyAuditLog(place())).toEqual({ files: 1, good: 3, lost: 0, faults: [], remarks: [] });
    const { path, keyFile, headFile } = place();
    for (const file of [path, keyFile, headFile]) expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test('goes on over restarts and kills', async () => {
    await write(1, 3);
    await write(4, 4);
    const last = await write(5, 6);
    await last.close();
    expect((await open()).notices).toEqual([]);
    expect(await verifyAuditLog(place())).toMatchObject({ good: 6, faults: [] });
  });

  test('a record that was not finished is removed and told', async () => {
    await write(1, 3);
    writeFileSync(place().path, `${log().join('\n')}\n{"n":4,"annota`);
    expect((await verifyAuditLog(place())).remarks).toEqual([expect.stringContaining('ends within a record')]);
    expect(await faults()).toEqual([]);
    expect((await write(4, 5)).notices).toEqual([
      expect.stringContaining('14 bytes of a record that was not finished'),
    ]);
    expect(await verifyAuditLog(place())).toMatchObject({ good: 5, faults: [], remarks: [] });
  });
});

describe('what was done to it is found', () => {
  beforeEach(async () => void (await write(1, 6)));

  test('a record was changed', async () => {
    change((lines) => lines.map((line) => line.replace('{"n":3,', '{"n":7,')));
    expect(await faults()).toEqual(['3: record 3 was changed']);
  });

  test('a record was changed and given another mac', async () => {
    const other = log()[4]?.slice(-46, -3) ?? '';
    change((lines) => lines.map((line, index) => (index === 2 ? line.slice(0, -46) + other + line.slice(-3) : line)));
    expect(await faults()).toEqual(['3: record 3 was changed', '4: record 4 was changed']);
  });

  test('records were dropped, at the beginning, in the middle, at the end', async () => {
    change((lines) => [...lines.slice(1, 3), ...lines.slice(4, 5)]);
    expect(await faults()).toEqual([
      '1: record 1 is missing before record 2',
      '3: record 4 is missing before record 5',
      '-: record 6 is missing at the end: cut off, or lost in a power cut',
    ]);
  });

  test('records changed places', async () => {
    change(([a = '', b = '', c = '', d = '', ...more]) => [a, c, b, d, ...more]);
    expect(await faults()).toEqual([
      '2: record 2 is missing before record 3',
      '3: record 2 is out of its place: it stands behind record 3',
    ]);
  });

  test('a record was said twice, another line put between', async () => {
    change((lines) => [lines[0] ?? '', '{"n":0}', ...lines.slice(1), lines[0] ?? '']);
    expect(await faults()).toEqual([
      '2: this line is no record of the log',
      '8: record 1 is out of its place: it stands behind record 6',
    ]);
  });

  test('the log was cut within a record, and is written again', async () => {
    writeFileSync(place().path, readFileSync(place().path, 'utf8').slice(0, -200));
    expect(await faults()).toEqual([expect.stringMatching(/^-: records? .*6 (is|are) missing at the end/)]);
    expect((await write(7, 8)).notices.join()).toMatch(/is without its last \d records/);
    expect(await faults()).toEqual([expect.stringMatching(/missing before record 7$/)]);
  });

  test('the log, or what is known of its end, is gone or not ours', async () => {
    const { path, headFile } = place();
    const head = readFileSync(headFile, 'utf8');
    writeFileSync(headFile, head.replace('"sequence":6', '"sequence":5'));
    expect(await faults()).toEqual([expect.stringContaining('was changed')]);
    rmSync(headFile);
    expect(await faults()).toEqual([expect.stringContaining('does not tell of this log')]);
    writeFileSync(headFile, head);
    rmSync(path);
    expect(await faults()).toEqual(['-: records 1 to 6 are missing at the end: cut off, or lost in a power cut']);
  });

  test('the key is gone or damaged', async () => {
    writeFileSync(place().keyFile, 'abc');
    await expect(verifyAuditLog(place())).rejects.toThrow('is damaged');
    await expect(open()).rejects.toThrow('is damaged');
    rmSync(place().keyFile);
    await expect(verifyAuditLog(place())).rejects.toThrow('there is no audit log');
    expect((await write(7, 7)).notices[0]).toContain('cannot be verified any more');
  });

  test('many faults are counted', async () => {
    change((lines) => [...lines, ...Array.from({ length: 150 }, () => 'x')]);
    const all = await faults();
    expect(all).toHaveLength(101);
    expect(all.at(-1)).toBe('-: and 50 more');
  });
});

describe('rotation', () => {
  test('by size, with one chain through all files', async () => {
    await write(1, 20, { maxSize: 700 });
    await write(21, 30, { maxSize: 700 });
    expect(finished().length).toBeGreaterThan(4);
    const { files, good, faults } = await verifyAuditLog(place());
    expect({ files, good, faults }).toEqual({ files: finished().length + 1, good: 30, faults: [] });
    for (const name of finished()) expect(statSync(join(directory, 'audit', name)).size).toBeLessThanOrEqual(700);
  });

  test('a whole file that is gone is found, wherever it was', async () => {
    await write(1, 20, { maxSize: 700 });
    const files = finished();
    const middle = join(directory, 'audit', files[2] ?? '');
    const text = readFileSync(middle);
    rmSync(middle);
    expect(await faults()).toEqual([expect.stringMatching(/^1: records \d+ to \d+ are missing before record/)]);
    writeFileSync(middle, text);
    expect(await faults()).toEqual([]);
    rmSync(join(directory, 'audit', files[0] ?? ''));
    expect(await faults()).toEqual([expect.stringMatching(/^1: records 1 to \d+ are missing before record/)]);
  });

  test('by number and age; what was removed in time is not missing', async () => {
    await write(1, 30, { maxSize: 700, maxBackups: 3 });
    expect(finished()).toHaveLength(3);
    expect(await faults()).toEqual([]);
    now += 2 * day;
    await (await write(31, 31, { maxSize: 700, maxAge: day })).close();
    // What is there was finished just now.
    expect(finished().every((name) => name > 'audit-2026-12-02')).toBe(true);
    expect(await faults()).toEqual([]);
    await write(32, 60, { maxSize: 700, maxAge: day });
    expect(finished().length).toBeGreaterThan(3);
    expect(await faults()).toEqual([]);
  });

  test('a log at another place goes on with the chain, and is judged by itself', async () => {
    await write(1, 3);
    const elsewhere = { ...place(), path: join(directory, 'elsewhere', 'log') };
    const writer = await open({}, elsewhere);
    await writer.append(events(4, 5), 0);
    expect(await verifyAuditLog(elsewhere)).toMatchObject({ good: 2, faults: [] });
  });
});

test('a log that is taken away while it is written goes on in a new file, and that is told', async () => {
  const writer = await write(1, 2);
  renameSync(place().path, join(directory, 'taken'));
  expect(await writer.append(events(3, 4), 0)).toEqual({
    ...{ records: 2, lost: 0, notice: `${place().path} was moved or removed while it was written` },
  });
  expect(log()).toHaveLength(2);
  expect(await faults()).toEqual(['1: records 1 to 2 are missing before record 3']);
  expect(statSync(place().path).mode & 0o777).toBe(0o600);
});

describe('a disk that takes nothing', () => {
  test('what is lost is counted, and the next record tells of it', async () => {
    const writer = await write(1, 2);
    const { path } = place();
    rmSync(path);
    // Nobody can append to a directory.
    mkdirSync(path);
    expect(await writer.append(events(3, 5), 0)).toMatchObject({
      records: 0,
      lost: 3,
      error: expect.stringMatching('EISDIR'),
    });
    rmdirSync(path);
    expect(await writer.append(events(6, 7), 2)).toMatchObject({ records: 2, lost: 0 });
    expect(log()).toHaveLength(2);
    expect(JSON.parse(log()[0] ?? '').annotations).toMatchObject({
      ...{ 'audit.berth.dev/lost': '5', 'audit.berth.dev/sequence': '3' },
    });
    const verdict = await verifyAuditLog(place());
    expect(verdict.lost).toBe(5);
    expect(verdict.faults.map(({ problem }) => problem)).toEqual(['records 1 to 2 are missing before record 3']);
  });
});
