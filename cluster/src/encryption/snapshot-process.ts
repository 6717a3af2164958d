/**
 * The process that encrypts the Secrets of snapshots: `snapshot-process.ts SNAPSHOTS KEYFILE`. Reading and writing whole files would
 * hold everybody else up. Writes the damaged ones as JSON.
 */
import { scripted } from '../script.ts';
import { Encryption } from './encryption.ts';
import { OwnKeys } from './own-keys.ts';
import { rewriteSnapshots } from './rewrite.ts';

await scripted(async ([snapshots, keyFile]) => {
  if (snapshots === undefined || keyFile === undefined) throw new Error('usage: snapshot-process.ts SNAPSHOTS KEYFILE');
  const encryption = new Encryption();
  encryption.use(OwnKeys.read(keyFile)?.rules ?? new Map());
  const damaged: string[] = [];
  await rewriteSnapshots(snapshots, encryption, {
    warn: (about: { snapshot: string }) => damaged.push(about.snapshot),
  });
  return JSON.stringify(damaged);
});
