import type { KubeClient } from '@berth/kube/client';
import { startTestApi, type TestApi } from '../api/testing.ts';
import { type EncryptionControl, encryptionControl } from './control.ts';
import { type EncryptedStore, type EncryptedStoreOptions, openEncryptedStore } from './open.ts';
import { noUpkeep, placesIn, silent } from './testing.ts';

/** For tests: an API server over the store of a data directory, as `berth up` has it. */
export interface AtRest extends AsyncDisposable {
  opened: EncryptedStore;
  server: TestApi;
  client: KubeClient;
  control: EncryptionControl;
}

export async function startAtRest(
  dataDir: string,
  configuration?: EncryptedStoreOptions['configuration'],
  acceptLostKeys = false,
): Promise<AtRest> {
  const places = placesIn(dataDir);
  const now = () => new Date();
  const opened = await openEncryptedStore({ ...places, configuration, acceptLostKeys, now, logger: silent });
  const { store, encryption } = opened;
  const server = await startTestApi({ store, encryption }).catch(async (error) => {
    await store.close();
    throw error;
  });
  const { api } = server;
  const file = configuration?.file;
  return {
    opened,
    server,
    client: api.client({ name: 'kubernetes-admin', groups: ['system:masters'] }),
    control: encryptionControl({ ...opened, ...places, file, api, upkeep: noUpkeep, now, logger: silent }),
    async [Symbol.asyncDispose]() {
      opened.configured?.close();
      await server[Symbol.asyncDispose]();
    },
  };
}
