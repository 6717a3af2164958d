import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Secret } from '@berth/kube/objects';
import pino from 'pino';

export const silent = pino({ level: 'silent' });

/** For when nobody takes snapshots but the test. */
export const noUpkeep = { betweenSnapshots: <T>(work: () => Promise<T>) => work() };

/** As `berth up` has them. */
export function placesIn(dataDir: string) {
  const directory = join(dataDir, 'store');
  return { directory, snapshots: join(dataDir, 'snapshots'), keyFile: join(dataDir, 'encryption.json') };
}

export function secret(name: string, content: string): Secret {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'default' }, stringData: { content } };
}

export function contentOf(object: object): string {
  return Buffer.from((object as { data: { content: string } }).data.content, 'base64').toString();
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
