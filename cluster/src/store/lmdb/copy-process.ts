/** The process that copies a store file that another one has open: `copy-process.ts FILE TARGET`. */
import { open } from 'lmdb';
import { scripted } from '../../script.ts';

await scripted(async ([file, target]) => {
  if (file === undefined || target === undefined) throw new Error('usage: copy-process.ts FILE TARGET');
  const database = open({ path: file, noSubdir: true, readOnly: true, maxDbs: 1 });
  await database.backup(target, true);
  await database.close();
  return '';
});
