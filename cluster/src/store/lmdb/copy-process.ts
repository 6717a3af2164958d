/**
 * The process that copies a store file: `copy-process.ts FILE TARGET`. Ends with 1 and the reason on standard error when it cannot, and
 * when its standard input ends.
 */
import { open } from 'lmdb';

const [file, target] = process.argv.slice(2);
if (file === undefined || target === undefined) throw new Error('usage: copy-process.ts FILE TARGET');
process.stdin.once('end', () => process.exit(1)).resume();
try {
  const database = open({ path: file, noSubdir: true, readOnly: true, maxDbs: 1 });
  await database.backup(target, true);
  await database.close();
  process.exit(0);
} catch (error) {
  process.stderr.write(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
