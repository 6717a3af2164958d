import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { memoryStore } from '../../store/index.ts';
import { objectKey, resourcePrefix } from '../storage/keys.ts';
import { ObjectStorage } from '../storage/object-storage.ts';
import { encodeObject } from '../storage/stored-object.ts';
import { WebhookCaller } from './index.ts';
import { startTestWebhook, type TestWebhook } from './testing.ts';

const store = memoryStore();
let storage: ObjectStorage;
let caller: WebhookCaller;
let webhook: TestWebhook;

beforeAll(async () => {
  storage = new ObjectStorage(store);
  storage.follow(() => {});
  caller = new WebhookCaller(storage);
  webhook = await startTestWebhook(
    (body, request, response) => {
      switch (request.url?.split('?')[0]) {
        case '/echo':
          return { body, host: request.headers.host };
        case '/large':
          return { text: 'x'.repeat(10_000) };
        case '/moved':
          response.writeHead(302, { location: '/echo' }).end();
          return undefined;
        case '/broken':
          response.writeHead(500).end('out of order');
          return undefined;
        case '/endless':
          response.writeHead(500).end('x'.repeat(100_000));
          return undefined;
        case '/status':
          response.writeHead(403).end(JSON.stringify({ kind: 'Status', message: 'not you' }));
          return undefined;
        case '/text':
          response.end('hello');
          return undefined;
        case '/hangup':
          request.socket.destroy();
          return undefined;
        default:
          return undefined; // Never answers.
      }
    },
    ['hook.default.svc'],
  );
});

afterAll(async () => {
  await caller.close();
  await webhook[Symbol.asyncDispose]();
  await storage.close();
  await store.close();
});

const call = (path: string, options: { limitBytes?: number; timeoutMs?: number; caBundle?: string } = {}) =>
  caller.call(
    { url: webhook.url + path, caBundle: options.caBundle ?? webhook.caBundle },
    { body: { a: 1 }, timeoutMs: 10_000, ...options },
  );

async function keep(prefix: string, object: { metadata: { name: string; namespace: string } }) {
  const key = objectKey(prefix, object.metadata.namespace, object.metadata.name);
  const value = (revision: number) => encodeObject(key, object as never, revision).bytes;
  await storage.commit([{ type: 'put', key, value }]);
}

describe('a webhook at a URL', () => {
  test('is sent JSON and answers JSON', async () => {
    expect(await call('/echo')).toEqual({ body: { a: 1 }, host: `127.0.0.1:${webhook.port}` });
  });

  test('is asked with the query that the caller adds', async () => {
    const config = { url: `${webhook.url}/echo?x=1`, caBundle: webhook.caBundle };
    await caller.call(config, { body: {}, timeoutMs: 10_000, query: 'timeout=10s' });
    expect(webhook.paths.at(-1)).toBe('/echo?x=1&timeout=10s');
  });

  test.each([
    ['/broken', 'an error on the server ("out of order") has prevented the request from succeeding'],
    ['/endless', `an error on the server ("${'x'.repeat(2048)}") has prevented the request from succeeding`],
    ['/moved', 'the server responded with the status code 302 but did not return more information'],
    ['/status', 'not you'],
  ])('that answers %s with no success is reported as Kubernetes does', async (path, message) => {
    await expect(call(path)).rejects.toMatchObject({ code: 'ServiceUnavailable', message });
    if (path === '/moved') expect(webhook.paths.at(-1)).toBe('/moved');
  });

  test('that does not answer in time is given up', async () => {
    await expect(call('/never', { timeoutMs: 50 })).rejects.toMatchObject({
      code: 'Timeout',
      message: `Post "${webhook.url}/never": context deadline exceeded`,
    });
  });

  test('that hangs up is reported after one more try', async () => {
    const before = webhook.paths.length;
    await expect(call('/hangup')).rejects.toThrow(`Post "${webhook.url}/hangup": `);
    expect(webhook.paths.slice(before)).toEqual(['/hangup', '/hangup']);
  });

  test('may not answer more than the limit, nor what is not JSON', async () => {
    await expect(call('/large', { limitBytes: 1000 })).rejects.toThrow('the answer is larger than 1000 bytes');
    await expect(call('/text')).rejects.toThrow('json parse error');
  });

  test('is not trusted unless its authority is', async () => {
    const message = `Post "${webhook.url}/echo": tls: failed to verify certificate: x509: certificate signed by unknown authority`;
    await expect(caller.call({ url: `${webhook.url}/echo` }, { body: {}, timeoutMs: 10_000 })).rejects.toMatchObject({
      message,
    });
  });

  test('that nobody serves is reported as refused, and http is not spoken', async () => {
    const none = await startTestWebhook(() => ({}));
    await none[Symbol.asyncDispose]();
    await expect(caller.call({ url: none.url }, { body: {}, timeoutMs: 10_000 })).rejects.toThrow(
      `dial tcp 127.0.0.1:${none.port}: connect: connection refused`,
    );
    await expect(caller.call({ url: 'http://127.0.0.1/' }, { body: {}, timeoutMs: 1000 })).rejects.toThrow(
      'Unable to parse webhook URL',
    );
  });
});

describe('a webhook behind a service', () => {
  const service = { namespace: 'default', name: 'hook', path: 'echo' };
  const ask = () => caller.call({ service, caBundle: webhook.caBundle }, { body: {}, timeoutMs: 10_000 });
  const shown = 'Post "https://hook.default.svc:443/echo": ';

  test('is reached at a ready endpoint, under its own name', async () => {
    await expect(ask()).rejects.toMatchObject({ message: `${shown}service "hook" not found` });
    await keep(resourcePrefix('', 'services'), {
      metadata: { name: 'hook', namespace: 'default' },
      spec: { ports: [{ name: 'https', port: 443, targetPort: 'web' }] },
    } as never);
    await expect(ask()).rejects.toMatchObject({ message: `${shown}no endpoints available for service "hook"` });
    const endpoints = [
      { addresses: ['127.0.0.9'], conditions: { ready: false } },
      { addresses: ['127.0.0.1'], conditions: { ready: true } },
    ];
    await keep(resourcePrefix('discovery.k8s.io', 'endpointslices'), {
      metadata: { name: 'hook-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'hook' } },
      addressType: 'IPv4',
      endpoints,
      ports: [{ name: 'https', port: webhook.port }],
    } as never);
    expect(await ask()).toEqual({ body: {}, host: 'hook.default.svc:443' });
  });

  test('is not looked for on nodes that are only simulated', async () => {
    await keep(resourcePrefix('', 'nodes'), {
      metadata: { name: 'dream', labels: { 'berth.dev/simulated': '' } },
    } as never);
    await keep(resourcePrefix('', 'services'), {
      metadata: { name: 'dreamt', namespace: 'default' },
      spec: { ports: [{ port: 443 }] },
    } as never);
    await keep(resourcePrefix('discovery.k8s.io', 'endpointslices'), {
      metadata: { name: 'dreamt-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'dreamt' } },
      endpoints: [{ addresses: ['127.0.0.1'], nodeName: 'dream' }],
      ports: [{ port: webhook.port }],
    } as never);
    const config = { service: { namespace: 'default', name: 'dreamt' }, caBundle: webhook.caBundle };
    await expect(caller.call(config, { body: {}, timeoutMs: 10_000 })).rejects.toThrow(
      'no endpoints available for service "dreamt"',
    );
  });

  test('must bear the name of the service in its certificate', async () => {
    await keep(resourcePrefix('', 'services'), {
      metadata: { name: 'other', namespace: 'default' },
      spec: { ports: [{ port: 443 }] },
    } as never);
    await keep(resourcePrefix('discovery.k8s.io', 'endpointslices'), {
      metadata: { name: 'other-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'other' } },
      endpoints: [{ addresses: ['127.0.0.1'] }],
      ports: [{ port: webhook.port }],
    } as never);
    const config = { service: { namespace: 'default', name: 'other' }, caBundle: webhook.caBundle };
    await expect(caller.call(config, { body: {}, timeoutMs: 10_000 })).rejects.toThrow(
      /^Post "https:\/\/other\.default\.svc:443\/": tls: failed to verify certificate: x509: certificate is valid for localhost, hook\.default\.svc, 127\.0\.0\.1, not other\.default\.svc$/,
    );
    const wrongPort = { service: { namespace: 'default', name: 'other', port: 8443 } };
    await expect(caller.call(wrongPort, { body: {}, timeoutMs: 10_000 })).rejects.toThrow(
      'no service port 8443 found for service "other"',
    );
  });
});
