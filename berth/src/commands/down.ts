import { rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { removeCluster } from '@berth/cluster';
import { BerthError } from '@berth/kube/errors';
import pino from 'pino';
import { processStart, removeRecord, runningInstance } from '../instance.ts';
import { createProgress } from '../progress.ts';

/** Stops the program, then its containers, and removes every rule, link, mount and cgroup of the instance. */
export async function down(options: { dataDir: string; purge: boolean; output: 'text' | 'json' }): Promise<void> {
  const dataDir = resolve(options.dataDir);
  const progress = createProgress(options.output);
  const record = runningInstance(dataDir);
  if (record) {
    await progress.step('stopped Berth', async () => {
      process.kill(record.pid, 'SIGTERM');
      await untilGone(record.pid, record.started);
    });
  }
  await progress.step('stopped containers, removed rules and links', () =>
    removeCluster({ dataDir, logger: pino({ level: 'silent' }) }),
  );
  removeRecord(dataDir);
  if (options.purge) {
    await progress.step(`removed ${dataDir}`, async () => rmSync(dataDir, { recursive: true, force: true }));
  }
}

async function untilGone(pid: number, started: string): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (processStart(pid) === started) {
    if (Date.now() > deadline) {
      throw new BerthError(
        'Timeout',
        `process ${pid} has not stopped within 30 s: look at "berth logs", then end it with "kill -9 ${pid}" and run "berth down" again`,
      );
    }
    await delay(50);
  }
}
