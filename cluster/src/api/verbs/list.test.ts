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
      'watch=1&sendInitialEvents=true',
      'Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
    ],
    ['watch=1&continue=x', 'Forbidden: resourceVersionMatch is forbidden when continue is provided'],
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
    const unread = await it.send(`${path}?resourceVersion=x`);
    expect(unread.json.message).toBe(
      'invalid resource version: resourceVersion: Invalid value: "x": strconv.ParseUint: parsing "x": invalid syntax',
    );
    const future = await it.send(`${path}?resourceVersion=18446744073709551615`);
    expect([future.status, future.json.reason]).toEqual([504, 'Timeout']);
    expect(future.json.message).toBe(
      `Timeout: Too large resource version: 18446744073709551615, current: ${it.server.store.revision}`,
    );
    expect(future.json.details.causes[0].reason).toBe('ResourceVersionTooLarge');
    expect(future.headers['retry-after']).toBe('1');
  });
});

test.each([
  ['timeoutSeconds=x', 'strconv.ParseInt: parsing "x": invalid syntax'],
  ['limit=', 'strconv.ParseInt: parsing "": invalid syntax'],
])('%s is no number', async (query, message) => {
  const refused = await it.send(`${path}?${query}`);
  expect([refused.status, refused.json.message]).toEqual([400, message]);
});

test('whoever takes any version gets all at once, and says no to a watch in any letters', async () => {
  const whole = await it.send(`${pages}&resourceVersion=0&limit=2`);
  expect(namesOf(whole)).toEqual(['a', 'b', 'c', 'd', 'e']);
  expect(whole.json.metadata.continue).toBeUndefined();
  expect((await it.send(`${path}?watch=False`)).json.kind).toBe('ConfigMapList');
});

describe('a token to go on with', () => {
  const token = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const v = 'meta.k8s.io/v1';

  test('holds a place among names, as Kubernetes writes it', async () => {
    const first = await it.send(`${pages}&limit=2`);
    const { continue: given, resourceVersion } = first.json.metadata;
    expect(JSON.parse(Buffer.from(given, 'base64url').toString())).toEqual({
      v,
      rv: Number(resourceVersion),
      start: '/b\0',
    });
    expect(namesOf(await it.send(`${pages}&limit=2&continue=${given}`))).toEqual(['c', 'd']);
    // Of another resource, it is that place there.
    expect((await it.send(`/api/v1/namespaces/default/secrets?continue=${given}`)).json.items).toEqual([]);
    expect(namesOf(await it.send(`${pages}&continue=${token({ v, rv: -1, start: 'd' })}`))).toEqual(['d', 'e']);
  });

  test.each([
    ['abc', "invalid character 'i' looking for beginning of value"],
    ['%25', 'illegal base64 data at input byte 0'],
    [token([]), 'json: cannot unmarshal array into Go value of type storage.continueToken'],
    [token({ v, rv: 'x' }), 'json: cannot unmarshal string into Go struct field continueToken.rv of type int64'],
    [token({ v: 'v2', rv: 1, start: 'a' }), 'server does not recognize this encoded version v2'],
    [token({ v, rv: 0, start: 'a' }), 'incorrect encoded start resourceVersion (version meta.k8s.io/v1)'],
    [token({ v, rv: 1 }), 'encoded start key empty (version meta.k8s.io/v1)'],
    [token({ v, rv: 1, start: '../../secrets/default/a' }), '../../secrets/default/a'],
  ])('%s is refused', async (given, why) => {
    const refused = await it.send(`${path}?continue=${given}`);
    expect([refused.status, refused.json.message]).toEqual([
      400,
      `invalid continue token: continue key is not valid: ${why}`,
    ]);
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
    expect(watch.status).toBe(200);
    expect(watch.json).toMatchObject({
      type: 'ERROR',
      object: { code: 410, reason: 'Expired', message: expect.stringMatching(/^too old resource version: 2 \(/) },
    });
  });
});
