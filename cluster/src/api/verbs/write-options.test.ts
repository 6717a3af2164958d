import { request } from 'node:https';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApi, type TestApi } from '../testing.ts';

let server: TestApi;
beforeAll(async () => {
  server = await startTestApi();
});
afterAll(async () => await server[Symbol.asyncDispose]());

interface Reply {
  code: number;
  body: { message?: string; metadata?: { managedFields?: { manager: string; operation: string; time?: string }[] } };
}

function ask(method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<Reply> {
  const { authority, admin } = server.certificates;
  return new Promise((resolve, reject) => {
    const sent = request(
      `${server.url}${path}`,
      {
        method,
        ca: authority.cert,
        cert: admin.cert,
        key: admin.key,
        headers: { 'content-type': 'application/json', ...headers },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          resolve({
            code: response.statusCode ?? 0,
            body: JSON.parse(Buffer.concat(chunks).toString()) as Reply['body'],
          });
        });
      },
    );
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

const path = '/api/v1/namespaces/default/configmaps';
const configMap = (name: string, data: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});
const merge = { 'content-type': 'application/merge-patch+json' };
const apply = { 'content-type': 'application/apply-patch+yaml' };

test.each([
  [
    'POST',
    '?dryRun=Some',
    {},
    'CreateOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]: supported values: "All"',
  ],
  [
    'POST',
    '?fieldValidation=Maybe',
    {},
    'CreateOptions.meta.k8s.io "" is invalid: fieldValidation: Unsupported value: "Maybe": supported values: "", "Ignore", "Strict", "Warn"',
  ],
  [
    'PUT',
    `/x?fieldManager=${'m'.repeat(129)}`,
    {},
    'UpdateOptions.meta.k8s.io "" is invalid: fieldManager: Too long: may not be more than 128 bytes',
  ],
  [
    'PATCH',
    '/x?force=true',
    merge,
    'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch',
  ],
  [
    'PATCH',
    '/x',
    apply,
    'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
  ],
  [
    'DELETE',
    '/x?dryRun=Some',
    {},
    'DeleteOptions.meta.k8s.io "" is invalid: dryRun: Unsupported value: ["Some"]: supported values: "All"',
  ],
])('%s %s is refused', async (method, query, headers, message) => {
  const body = method === 'DELETE' ? undefined : configMap('x');
  expect(await ask(method, `${path}${query}`, body, headers as Record<string, string>)).toMatchObject({
    code: 422,
    body: { message },
  });
});

test('who says no name is known by the program, and a write that changes nothing leaves all as it is', async () => {
  const agent = { 'user-agent': 'curl/8.0 (linux)' };
  const created = await ask('POST', path, configMap('named', { a: '1' }), agent);
  expect(created.body.metadata?.managedFields).toMatchObject([{ manager: 'curl', operation: 'Update' }]);
  const again = await ask('PATCH', `${path}/named`, { data: { a: '1' } }, { ...merge, 'user-agent': 'other/1' });
  expect(again.body).toEqual(created.body);
  const changed = await ask('PATCH', `${path}/named`, { data: { b: '1' } }, merge);
  expect(changed.body.metadata?.managedFields?.map(({ manager }) => manager)).toEqual(['curl', 'unknown']);
});
