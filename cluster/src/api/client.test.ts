import { remoteClient } from '@berth/kube/client';
import { type ClientUnderTest, clientConformance } from '@berth/kube/client/conformance';
import { resources } from '@berth/kube/objects';
import { defineConfigMaps, withCustomConfigMaps } from './crd/conformance.ts';
import { startTestApi } from './testing.ts';

const admin = { name: 'kubernetes-admin', groups: ['system:masters'] };
const namespace = 'conformance';

/** A server with a namespace of the suite's own, in which the account that pods run as is there already. */
async function serverWithNamespace() {
  const test = await startTestApi();
  const loopback = test.api.client(admin);
  await loopback.create(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const metadata = { name: 'default', namespace };
  await loopback.create(resources.serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata });
  return { test, loopback };
}

/** The same server, with its config maps as a custom kind; see `withCustomConfigMaps`. */
async function serverWithCustomConfigMaps() {
  const { test, loopback } = await serverWithNamespace();
  await defineConfigMaps(loopback);
  return { test, loopback };
}

clientConformance('loopback', async (): Promise<ClientUnderTest> => {
  const { test, loopback } = await serverWithNamespace();
  return { client: loopback, namespace, close: async () => await test[Symbol.asyncDispose]() };
});

clientConformance('remote, over TLS', async (): Promise<ClientUnderTest> => {
  const { test } = await serverWithNamespace();
  const { authority, admin: identity } = test.certificates;
  const client = remoteClient({ server: test.url, ca: authority.cert, cert: identity.cert, key: identity.key });
  return {
    client,
    namespace,
    async close() {
      await client.close();
      await test[Symbol.asyncDispose]();
    },
  };
});

clientConformance('loopback, over a custom kind', async (): Promise<ClientUnderTest> => {
  const { test, loopback } = await serverWithCustomConfigMaps();
  const close = async () => await test[Symbol.asyncDispose]();
  return { client: withCustomConfigMaps(loopback), namespace, close };
});

clientConformance('remote, over a custom kind', async (): Promise<ClientUnderTest> => {
  const { test } = await serverWithCustomConfigMaps();
  const { authority, admin: identity } = test.certificates;
  const client = remoteClient({ server: test.url, ca: authority.cert, cert: identity.cert, key: identity.key });
  return {
    client: withCustomConfigMaps(client),
    namespace,
    async close() {
      await client.close();
      await test[Symbol.asyncDispose]();
    },
  };
});
