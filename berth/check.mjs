/** `npm run check`: every check, one after the other, all of them even when one fails. */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (name) => join(root, 'node_modules', name);

const checks = [
  ['types', [bin('typescript-7/bin/tsc'), '-p', '.']],
  ['types of the console', [bin('typescript-7/bin/tsc'), '-p', 'console']],
  ['format and lint', [bin('@biomejs/biome/bin/biome'), 'check', '--error-on-warnings', '.']],
  [
    'arrows between rooms',
    [
      bin('dependency-cruiser/bin/dependency-cruiser.mjs'),
      'kube',
      'cluster',
      'platform',
      'console',
      'berth',
      'examples',
      'e2e',
      'bench',
    ],
  ],
  ['generated files', ['kube/generate/schemas.ts', '--verify']],
];

let failed = 0;
for (const [name, command] of checks) {
  const started = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: root, encoding: 'utf8' });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
  if (status !== 0) {
    failed += 1;
    console.log(stdout, stderr);
  }
}
process.exit(failed === 0 ? 0 : 1);
