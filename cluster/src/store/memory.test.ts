import { type StoreFixture, storeConformance } from './conformance.ts';
import { memoryStore } from './memory.ts';
import { storeModelTest } from './model.ts';

function open(): Promise<StoreFixture> {
  const store = memoryStore();
  return Promise.resolve({ store, [Symbol.asyncDispose]: () => store.close() });
}

storeConformance('memoryStore', open);
storeModelTest('memoryStore', open, 300);
