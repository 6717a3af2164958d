import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { stringify } from 'yaml';

/** Writes a kubeconfig, readable by its owner alone; replaces a former one whole. */
export function writeKubeconfig(file: string, content: object): void {
  mkdirSync(dirname(file), { recursive: true });
  const partial = `${file}.${process.pid}`;
  writeFileSync(partial, stringify(content), { mode: 0o600 });
  renameSync(partial, file);
}
