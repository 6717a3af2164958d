import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type AuditFilter, auditPlace, queryAuditLog } from './index.ts';
import { LogWriter } from './writer.ts';

let directory: string;
let writer: LogWriter;
let now: number;
let count: number;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'berth-audit-'));
  now = Date.parse('2026-11-30T08:00:00Z');
  count = 0;
  const limits = { maxSize: 2000, maxAge: 0, maxBackups: 0 };
  writer = await LogWriter.open({ ...auditPlace(directory), limits, now: () => now });
});
afterEach(async () => {
  await writer.close();
  rmSync(directory, { recursive: true, force: true });
});

const web = { resource: 'deployments', apiGroup: 'apps', namespace: 'shop', name: 'web' };

/** Writes an event, a minute after the one before. */
async function write(verb: string, more: Record<string, unknown> = {}): Promise<void> {
  now += 60_000;
  const event = {
    ...{ auditID: `id-${++count}`, stage: 'ResponseComplete', requestURI: '/x', verb, user: { username: 'ada' } },
    ...{ sourceIPs: ['10.0.0.1'], objectRef: web, responseStatus: { code: 200 } },
    ...{ requestReceivedTimestamp: new Date(now).toISOString(), ...more },
  };
  await writer.append([Buffer.from(`${JSON.stringify(event).slice(0, -1)},"annotations":{`)], 0);
}
const query = (filter: AuditFilter = {}) => queryAuditLog(auditPlace(directory).path, filter);
const idsOf = async (filter: AuditFilter) => (await query(filter)).map(({ event }) => event.auditID);
const changesOf = async () =>
  (await query()).map(({ changes }) => changes.map(({ field, from, to }) => `${field}: ${from} → ${to}`));

test('filters', async () => {
  await write('create');
  await write('get', { user: { username: 'eve' }, objectRef: { resource: 'secrets', namespace: 'shop', name: 'key' } });
  await write('create', {
    impersonatedUser: { username: 'eve' },
    objectRef: { ...web, resource: 'pods', subresource: 'exec' },
  });
  await write('delete', { objectRef: { ...web, namespace: 'other', name: 'webs' } });
  expect(await idsOf({})).toEqual(['id-1', 'id-2', 'id-3', 'id-4']);
  expect(await idsOf({ user: 'eve' })).toEqual(['id-2', 'id-3']);
  expect(await idsOf({ verbs: ['create', 'delete'] })).toEqual(['id-1', 'id-3', 'id-4']);
  expect(await idsOf({ resource: 'deployments' })).toEqual(['id-1', 'id-4']);
  expect(await idsOf({ resource: 'deployments.apps' })).toEqual(['id-1', 'id-4']);
  expect(await idsOf({ resource: 'pods/exec' })).toEqual(['id-3']);
  expect(await idsOf({ namespace: 'other' })).toEqual(['id-4']);
  expect(await idsOf({ name: 'web' })).toEqual(['id-1', 'id-3']);
  expect(await idsOf({ since: Date.parse('2026-11-30T08:03:00Z') })).toEqual(['id-3', 'id-4']);
  expect(await idsOf({ limit: 2 })).toEqual(['id-3', 'id-4']);
});

test('of one request the last event, over all files', async () => {
  for (let n = 0; n < 30; n++) await write('create', { auditID: `many-${n}` });
  await write('watch', { auditID: 'long', stage: 'ResponseStarted' });
  await write('create');
  await write('watch', { auditID: 'long', stage: 'ResponseComplete' });
  await write('create', { auditID: 'refused', stage: 'ResponseStarted', user: {}, responseStatus: { code: 401 } });
  await write('create', { auditID: 'begun', stage: 'RequestReceived' });
  const ids = await idsOf({});
  expect(ids).toHaveLength(33);
  expect(ids.slice(-3)).toEqual(['id-32', 'long', 'refused']);
});

test('a log that is not there', async () => {
  await expect(queryAuditLog(join(directory, 'none', 'audit.log'), {})).rejects.toThrow('there is no audit log');
});

describe('from what to what', () => {
  const deployment = (replicas: number, image: string) => ({
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', resourceVersion: String(count) } },
    spec: { replicas, template: { spec: { containers: [{ name: 'app', image }] } } },
  });

  test('updates, merge patches, scales, JSON patches', async () => {
    await write('create', { requestObject: deployment(1, 'a:1') });
    await write('update', { requestObject: deployment(1, 'a:2') });
    await write('patch', {
      requestObject: { spec: { template: { spec: { containers: [{ name: 'app', image: 'a:3' }] } } } },
    });
    await write('patch', { requestObject: { spec: { replicas: 4 } }, objectRef: { ...web, subresource: 'scale' } });
    await write('patch', { requestObject: [{ op: 'replace', path: '/spec/replicas', value: 5 }] });
    await write('patch', { requestObject: { metadata: { labels: { a: 'b' } }, $patch: 'merge' } });
    await write('patch', { requestObject: { metadata: { labels: { a: null } } } });
    const image = 'spec.template.spec.containers[app].image';
    expect(await changesOf()).toEqual([
      [],
      [`${image}: "a:1" → "a:2"`],
      [`${image}: "a:2" → "a:3"`],
      ['spec.replicas: 1 → 4'],
      ['spec.replicas: 4 → 5'],
      ['metadata.labels.a: null → "b"'],
      ['metadata.labels.a: "b" → undefined'],
    ]);
  });

  test('an answer counts for more than what was sent; nothing is known of what failed or is gone', async () => {
    await write('create', { requestObject: {}, responseObject: deployment(1, 'a:1') });
    await write('update', { requestObject: deployment(9, 'a:1'), responseStatus: { code: 409 } });
    await write('update', { requestObject: {}, responseObject: { ...deployment(2, 'a:1'), status: { replicas: 7 } } });
    await write('delete');
    await write('patch', { requestObject: { spec: { replicas: 3 } } });
    await write('update', { requestObject: { spec: {} } });
    expect(await changesOf()).toEqual([
      ...[[], [], ['spec.replicas: 1 → 2'], [], ['spec.replicas: undefined → 3']],
      ['spec: null → {}', 'spec.replicas: 3 → undefined'],
    ]);
  });
});
