import { storeConformance } from './conformance.ts';
import { memoryStore } from './memory.ts';

storeConformance('memoryStore', async () => {
  const store = memoryStore();
  return { store, [Symbol.asyncDispose]: () => store.close() };
});
