import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { auditPlace, verifyAuditLog } from './index.ts';
import { LogWriter } from './writer.ts';

test('records that the disk has no room for are lost and counted, in the chain as well, and none is written in part', async () => {
  const disk = mkdtempSync(join(tmpdir(), 'berth-audit-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]);
  const place = auditPlace(disk);
  const limits = { maxSize: 20_000, maxAge: 0, maxBackups: 0 };
  const open = () => LogWriter.open({ ...place, limits, now: Date.now });
  const event = Buffer.from(`{"filling":"${'x'.repeat(1500)}","annotations":{`);
  try {
    const writer = await open();
    for (let n = 0; n < 20; n++) await writer.append([event], 0);
    const { bavail, bsize } = statfsSync(disk);
    writeFileSync(join(disk, 'ballast'), Buffer.alloc(bavail * bsize));
    let lost = 0;
    for (let n = 0; n < 50; n++) lost += (await writer.append([event, event], 0)).lost;
    // What is left of a page may take one or two.
    expect(lost).toBeGreaterThan(90);
    expect((await verifyAuditLog(place)).faults).toEqual([]);
    // A start finds nothing that was written in part.
    const another = await open();
    expect(another.notices).toEqual([]);
    await another.close();
    rmSync(join(disk, 'ballast'));
    expect(await writer.append([event], 0)).toEqual({ records: 1, lost: 0 });
    expect(await verifyAuditLog(place)).toMatchObject({ good: 20 + 100 - lost + 1, lost, faults: [], remarks: [] });
    await writer.close();
    expect(readFileSync(place.path, 'utf8')).toContain(`"audit.berth.dev/lost":"${lost}"`);
  } finally {
    execFileSync('umount', ['--lazy', disk]);
    rmSync(disk, { recursive: true });
  }
});
