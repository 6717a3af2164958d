import { parentPort, workerData } from 'node:worker_threads';
import { Encryption } from './encryption.ts';
import { OwnKeys } from './own-keys.ts';
import { rewriteSnapshots } from './rewrite.ts';
import type { SnapshotWork } from './snapshots.ts';

/* Reading and writing whole files would hold everybody else up: see `snapshots.ts`. */

const { snapshots, keyFile } = workerData as SnapshotWork;
const encryption = new Encryption();
encryption.use(OwnKeys.read(keyFile)?.rules ?? new Map());
const damaged: string[] = [];
await rewriteSnapshots(snapshots, encryption, { warn: (about: { snapshot: string }) => damaged.push(about.snapshot) });
parentPort?.postMessage(damaged);
