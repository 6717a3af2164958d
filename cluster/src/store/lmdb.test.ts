import { type StoreFixture, storeConformance } from './conformance.ts';
import { openLmdbStore } from './index.ts';
import { storeModelTest } from './model.ts';
import { temporaryDirectory } from './temporary.ts';

async function open(): Promise<StoreFixture> {
  const directory = await temporaryDirectory();
  const store = await openLmdbStore({ directory: directory.path });
  return {
    store,
    async [Symbol.asyncDispose]() {
      await store.close();
      await directory[Symbol.asyncDispose]();
    },
  };
}

storeConformance('openLmdbStore', open);
storeModelTest('openLmdbStore', open, 60);
