import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { residentMemory, startProgram } from './program.ts';
import { percentile, type Row, type Suite } from './row.ts';

const command = 'npm run bench -- --only start';
const rounds = 5;
/** How long an idle cluster is left alone before its memory is read, in ms. */
const settle = 20_000;

/** Time to a serving API and a Ready node on a directory that was started before, and the memory of an idle cluster. */
export const start: Suite = {
  name: 'start',
  async measure() {
    const dataDir = mkdtempSync(join(tmpdir(), 'berth-bench-'));
    try {
      const api: number[] = [];
      const node: number[] = [];
      let memory = Number.NaN;
      let first: number | undefined;
      for (let round = 0; round <= rounds; round += 1) {
        await using program = await startProgram([], dataDir);
        const { times } = program;
        if (round === 0) {
          first = times.ready;
          await delay(settle);
          memory = residentMemory(program.process.pid ?? 0);
        } else {
          api.push(times['serves the Kubernetes API'] ?? Number.NaN);
          node.push(times['node is ready'] ?? Number.NaN);
        }
      }
      const rows: Row[] = [
        { name: 'first start, empty directory, to all ready', value: first ?? Number.NaN, unit: 'ms', command },
        { name: 'start to a serving API, median', value: percentile(api, 50), unit: 'ms', budget: '1,000 ms', command },
        { name: 'start to a Ready node, median', value: percentile(node, 50), unit: 'ms', budget: '2,000 ms', command },
        { name: 'resident memory, idle one-node cluster', value: memory, unit: 'MiB', budget: '200 MiB', command },
      ];
      return rows;
    } finally {
      rmSync(dataDir, { recursive: true, force: true });
    }
  },
};
