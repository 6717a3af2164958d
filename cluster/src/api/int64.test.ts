import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Probe, probe } from './http/probe.ts';
import { fromInt64 } from './int64.ts';

let it: Probe;
beforeAll(async () => {
  it = await probe();
});
afterAll(async () => await it[Symbol.asyncDispose]());

const path = '/api/v1/namespaces/default/podtemplates?dryRun=All';
const spec = (seconds: string, tolerated: string) =>
  `{"containers":[{"name":"a","image":"b"}],"terminationGracePeriodSeconds":${seconds},"tolerations":[{"key":"a","operator":"Exists","effect":"NoExecute","tolerationSeconds":${tolerated}}]}`;
const template = (seconds: string, tolerated = '1') =>
  `{"apiVersion":"v1","kind":"PodTemplate","metadata":{"name":"a"},"template":{"spec":${spec(seconds, tolerated)}}}`;
const largest = '9223372036854775807';
const smallest = '-9223372036854775808';

test.each(['application/json', 'application/yaml'])('the ends of int64 are taken and stay int64: %s', async (type) => {
  // In YAML, JSON would be read as such.
  const body = template(largest, smallest);
  const made = await it.post(path, type === 'application/yaml' ? `# YAML\n${body}` : body, type);
  expect(made.status).toBe(201);
  const [, seconds = '', tolerated = ''] = /PeriodSeconds":(\d+).*tolerationSeconds":(-\d+)/.exec(made.body) ?? [];
  for (const [kept, given] of [
    [seconds, largest],
    [tolerated, smallest],
  ] as const) {
    expect(BigInt.asIntN(64, BigInt(kept))).toBe(BigInt(kept));
    const off = BigInt(kept) - BigInt(given);
    expect(off < 2048n && off > -2048n).toBe(true);
  }
});

test('what is beyond is refused', async () => {
  for (const number of ['9223372036854775808', '-9223372036854775809', '1e19']) {
    const refused = await it.post(path, template(number), 'application/json');
    expect(refused.status).toBe(400);
    expect(refused.json.message).toMatch(/cannot unmarshal number .* of type int64$/);
  }
});

test('int32 has its smallest number, too', async () => {
  const labelled = template('1').replace('"containers"', '"priority":-2147483648,"containers"');
  expect((await it.post(path, labelled)).status).toBe(201);
  expect((await it.post(path, labelled.replace('2147483648', '2147483649'))).status).toBe(400);
});

test('a number from protobuf is one of JSON', () => {
  expect(fromInt64(42n)).toBe(42);
  expect(fromInt64(-42n)).toBe(-42);
  expect(BigInt(JSON.stringify(fromInt64(2n ** 63n - 1n)))).toBeLessThan(2n ** 63n);
  expect(BigInt(JSON.stringify(fromInt64(-(2n ** 63n))))).toBeGreaterThanOrEqual(-(2n ** 63n));
  expect(fromInt64(2n ** 63n)).toBeUndefined();
});
