import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openLog } from './log.ts';

test('lines that the disk has no room for are lost and counted, and nothing waits for them', () => {
  const disk = mkdtempSync(join(tmpdir(), 'berth-log-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]);
  try {
    const logger = openLog(disk, 'info');
    logger.info({ token: 'secret' }, 'before');
    const { bavail, bsize } = statfsSync(disk);
    writeFileSync(join(disk, 'ballast'), Buffer.alloc(bavail * bsize));
    // The first fills what is left of the file's last page.
    for (let line = 0; line < 100; line += 1) logger.warn({ line, filling: 'x'.repeat(200) }, 'full');
    logger.fatal('the end');
    rmSync(join(disk, 'ballast'));
    logger.info('after');

    const lines = readFileSync(join(disk, 'berth.log'), 'utf8').trimEnd().split('\n');
    const read = lines.flatMap((line) => {
      try {
        return [JSON.parse(line) as { msg: string; token?: string }];
      } catch {
        return [];
      }
    });
    expect(read[0]).toMatchObject({ msg: 'before', token: '[hidden]' });
    const kept = read.filter(({ msg }) => msg === 'full').length;
    expect(kept).toBeLessThan(100);
    expect(read.slice(-2).map(({ msg }) => msg)).toEqual([
      `${101 - kept} lines of this log were lost: they could not be written`,
      'after',
    ]);
  } finally {
    execFileSync('umount', ['--lazy', disk]);
    rmSync(disk, { recursive: true });
  }
});
