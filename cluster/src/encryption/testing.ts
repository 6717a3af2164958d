import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import pino from 'pino';
import { startTestApi, type TestApi } from '../api/testing.ts';
import { type EncryptedStore, openEncryptedStore } from './open.ts';

export const silent = pino({ level: 'silent' });

/** For tests: an API server over the store of a data directory, as `berth up` has it. */
export interface AtRest extends AsyncDisposable {
  opened: EncryptedStore;
  server: TestApi;
}

export async function startAtRest(dataDir: string): Promise<AtRest> {
  const opened = await openEncryptedStore({ ...placesIn(dataDir), now: () => new Date(), logger: silent });
  const { store, encryption } = opened;
  const server = await startTestApi({ store, encryption }).catch(async (error) => {
    await store.close();
    throw error;
  });
  return { opened, server, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

export function placesIn(dataDir: string): { directory: string; keyFile: string } {
  return { directory: join(dataDir, 'store'), keyFile: join(dataDir, 'encryption.json') };
}

/** The files below a directory that hold a text, as it is or in Base64. */
export function filesWith(directory: string, text: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((file) => statSync(file).isFile())
    .filter((file) => {
      const content = readFileSync(file);
      return [text, ...encodings(text)].some((form) => content.includes(form));
    })
    .sort();
}

/** What Base64 makes of a text wherever it stands in what is encoded: three ways, without the ends that its neighbours change. */
function encodings(text: string): string[] {
  return [0, 1, 2].map((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift, ' '), Buffer.from(text)]).toString('base64');
    return encoded.replaceAll('=', '').slice(shift === 0 ? 0 : 4, -2);
  });
}
