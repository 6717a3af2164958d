/**
 * `npm test`: every test but those that take minutes each; `npm test -- --long` runs those too. Without root or
 * containerd the tests that need real containers are left out, and the output says so. The closing line is `N passed, N failed, N skipped`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Report {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
}

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const canRunContainers =
  process.getuid?.() === 0 && ['/usr/bin/containerd', '/usr/sbin/nft'].every((file) => existsSync(file));
const isLong = process.argv.includes('--long');
/** One after the other; the projects of one run side by side. */
const runs = canRunContainers ? [['unit', 'browser'], ['real'], ...(isLong ? [['long']] : [])] : [['unit']];
if (!canRunContainers) {
  console.log('Tests with real containers are left out: they need root, containerd and nftables.');
}

const folder = mkdtempSync(join(tmpdir(), 'berth-test-'));
const totals = { passed: 0, failed: 0, skipped: 0 };
for (const projects of runs) {
  const report = join(folder, `${projects.join('-')}.json`);
  const { status } = spawnSync(
    process.execPath,
    [
      join(root, 'node_modules/vitest/vitest.mjs'),
      'run',
      ...projects.map((project) => `--project=${project}`),
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      '--passWithNoTests',
      ...process.argv.slice(2).filter((argument) => argument !== '--long'),
    ],
    { cwd: root, stdio: 'inherit' },
  );
  if (!existsSync(report)) {
    totals.failed += 1;
    continue;
  }
  const result = JSON.parse(readFileSync(report, 'utf8')) as Report;
  totals.passed += result.numPassedTests;
  // A suite that could not even be loaded has no failed tests, only a failed status.
  totals.failed += status !== 0 && result.numFailedTests === 0 ? 1 : result.numFailedTests;
  totals.skipped += result.numPendingTests + result.numTodoTests;
}
rmSync(folder, { recursive: true, force: true });
console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exit(totals.failed === 0 ? 0 : 1);
