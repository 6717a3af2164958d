import { storeConformance } from './conformance.ts';
import { openLmdbStore } from './index.ts';
import { temporaryDirectory } from './temporary.ts';

storeConformance('openLmdbStore', async () => {
  const directory = await temporaryDirectory();
  const store = await openLmdbStore({ directory: directory.path });
  return {
    store,
    async [Symbol.asyncDispose]() {
      await store.close();
      await directory[Symbol.asyncDispose]();
    },
  };
});
