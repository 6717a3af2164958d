import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Probe, probe } from '../http/probe.ts';

/** Answers that were compared with a kube-apiserver's. */
let it: Probe;
const namespace = '/api/v1/namespaces/default';
const maps = `${namespace}/configmaps`;
beforeAll(async () => {
  it = await probe();
  await send('POST', `${namespace}/serviceaccounts`, { metadata: { name: 'default' } });
});
afterAll(async () => await it[Symbol.asyncDispose]());

const send = (method: string, at: string, value: unknown, type = 'application/json') => {
  const body = JSON.stringify(value);
  return it.send(at, { method, body, headers: { 'content-type': type, 'content-length': Buffer.byteLength(body) } });
};
const merge = (at: string, value: object) => send('PATCH', at, value, 'application/merge-patch+json');
const causesOf = ({ json }: { json: { details?: { causes?: { field: string; message: string }[] } } }) =>
  (json.details?.causes ?? []).map(({ field, message }) => `${field}: ${message}`);

describe('metadata that nobody may change', () => {
  test('is refused in a patch, and a condition in a replacement', async () => {
    await send('POST', maps, { metadata: { name: 'one' } });
    const patched = await merge(`${maps}/one`, { metadata: { uid: '1' } });
    expect(patched.status).toBe(422);
    expect(patched.json.message).toBe(
      'ConfigMap "one" is invalid: metadata.uid: Invalid value: "1": field is immutable',
    );
    const time = '2020-01-01T00:00:00Z';
    const deleted = await merge(`${maps}/one`, { metadata: { deletionTimestamp: time } });
    expect(deleted.json.message).toBe(
      `ConfigMap "one" is invalid: metadata.deletionTimestamp: Invalid value: "${time}": field is immutable`,
    );
    const replaced = await send('PUT', `${maps}/one`, { metadata: { name: 'one', uid: '1' } });
    expect(replaced.json).toMatchObject({ code: 409, reason: 'Conflict' });
    expect((await merge(`${maps}/one`, { metadata: { creationTimestamp: time, generation: -5 } })).status).toBe(200);
  });

  test('takes no new finalizers once the object is being deleted', async () => {
    await send('POST', maps, { metadata: { name: 'held', finalizers: ['a.b/c'] } });
    await it.send(`${maps}/held`, { method: 'DELETE' });
    const forbidden =
      'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"d.e/f"}';
    const more = await merge(`${maps}/held`, { metadata: { finalizers: ['a.b/c', 'd.e/f'] } });
    expect(causesOf(more)).toEqual([forbidden, forbidden]);
    expect(more.json.message).toBe(`ConfigMap "held" is invalid: ${forbidden}`);
    expect((await merge(`${maps}/held`, { metadata: { finalizers: null } })).status).toBe(200);
  });
});

describe('fields that are switched off', () => {
  test('are known, and not kept', async () => {
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    const spec = { selector: { matchLabels: { a: 'b' } }, template };
    const sets = '/apis/apps/v1/namespaces/default/statefulsets';
    const workloadRef = { name: 'w', podGroup: 'g' };
    const given = {
      ...spec,
      template: { ...template, spec: { ...template.spec, workloadRef } },
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 3 } },
    };
    const made = await send('POST', `${sets}?fieldValidation=Strict`, { metadata: { name: 's' }, spec: given });
    expect(made.status).toBe(201);
    expect(made.json.spec.updateStrategy).toEqual({ type: 'RollingUpdate', rollingUpdate: { partition: 0 } });
    expect(made.json.spec.template.spec).not.toHaveProperty('workloadRef');
    const changed = await merge(`${sets}/s`, { spec: given });
    expect(changed.json.spec.updateStrategy).toEqual({ type: 'RollingUpdate', rollingUpdate: { partition: 0 } });
    expect(changed.json.spec.template.spec).not.toHaveProperty('workloadRef');
    expect(changed.json.metadata.generation).toBe(1);
  });
});
