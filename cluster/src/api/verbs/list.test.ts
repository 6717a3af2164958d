import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Probe, probe } from '../http/probe.ts';

let it: Probe;
const path = '/api/v1/namespaces/default/configmaps';
const past = () => it.server.store.revision;

beforeAll(async () => {
  it = await probe();
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    await it.post(path, JSON.stringify({ metadata: { name, labels: { page: 'yes' } } }));
  }
});
afterAll(async () => await it[Symbol.asyncDispose]());

const pages = `${path}?labelSelector=page`;
const namesOf = (answer: { json: { items: { metadata: { name: string } }[] } }) =>
  answer.json.items.map((item) => item.metadata.name);

describe('options of a list or a watch that contradict each other', () => {
  const prefix = 'ListOptions.meta.k8s.io "" is invalid: ';
  test.each([
    ['resourceVersionMatch=Exact', 'Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided'],
    [
      'resourceVersion=0&resourceVersionMatch=Exact',
      'Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
    ],
    [
      'resourceVersion=1&resourceVersionMatch=Newest',
      'Unsupported value: "Newest": supported values: "Exact", "NotOlderThan", ""',
    ],
    [
      'watch=1&resourceVersionMatch=NotOlderThan',
      'Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
    ],
    [
      'watch=1&sendInitialEvents=true&allowWatchBookmarks=true',
      'Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
    ],
  ])('%s is Invalid', async (query, why) => {
    const refused = await it.send(`${path}?${query}`);
    expect([refused.status, refused.json.reason]).toEqual([422, 'Invalid']);
    expect(refused.json.message).toBe(`${prefix}resourceVersionMatch: ${why}`);
    expect(refused.json.details.causes).toEqual([
      { reason: expect.stringMatching(/^FieldValue/), message: why, field: 'resourceVersionMatch' },
    ]);
  });

  test('initial events are not for lists', async () => {
    const refused = await it.send(`${path}?sendInitialEvents=true`);
    expect(refused.json.message).toBe(`${prefix}sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list`);
  });

  test('a version is a whole number; one of the future is Timeout, with the cause that clients look for', async () => {
    for (const version of ['x', '-1', '1.5', '99999999999999999999', '%20']) {
      expect([version, (await it.send(`${path}?resourceVersion=${version}`)).status]).toEqual([version, 400]);
    }
    const future = await it.send(`${path}?resourceVersion=18446744073709551615`);
    expect([future.status, future.json.reason]).toEqual([504, 'Timeout']);
    expect(future.json.details.causes[0].reason).toBe('ResourceVersionTooLarge');
    expect(future.headers['retry-after']).toBe('1');
  });
});

describe('what was compacted', () => {
  test('is Expired for lists and watches; a page goes on with a fresh token, as of now', async () => {
    const first = await it.send(`${pages}&limit=2`);
    const before = past();
    await it.send(`${path}/b`, { method: 'DELETE' });
    await it.send(`${path}/d`, { method: 'DELETE' });
    await it.server.store.compact(it.server.store.revision);
    const expired = { kind: 'Status', status: 'Failure', code: 410, reason: 'Expired' };
    expect((await it.send(`${pages}&resourceVersion=${before}&resourceVersionMatch=Exact`)).json).toMatchObject(
      expired,
    );
    const late = await it.send(`${pages}&limit=2&continue=${first.json.metadata.continue}`);
    expect(late.json).toMatchObject({ ...expired, metadata: { continue: expect.any(String) } });
    const next = await it.send(`${pages}&limit=2&continue=${late.json.metadata.continue}`);
    expect([next.status, namesOf(next)]).toEqual([200, ['c', 'e']]);
    expect(Number(next.json.metadata.resourceVersion)).toBe(past());
    expect(next.json.metadata.continue ?? '').toBe('');
  });

  test('is 410 for a watch from before the start of the server as well', async () => {
    await using other = await probe({ store: it.server.store });
    const watch = await other.send(`${path}?watch=1&resourceVersion=2`);
    expect(watch.json).toMatchObject({
      code: 410,
      reason: 'Expired',
      message: expect.stringMatching(/^too old resource version: 2 \(/),
    });
  });
});
