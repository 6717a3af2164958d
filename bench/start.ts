import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Program, processesNaming, processorTime, residentMemory, startProgram } from './program.ts';
import { percentile, type Row, type Suite } from './row.ts';

const command = 'npm run bench -- --only start';
const rounds = 3;
/** How long a cluster that has just started is left alone, and how long its processor time is then watched, in ms. */
const settle = 10_000;
const watched = 30_000;

/** Time to a serving API and a Ready node on a directory that was started before, the cost of an idle cluster, and its end. */
export const start: Suite = {
  name: 'start',
  async measure() {
    const dataDir = mkdtempSync(join(tmpdir(), 'berth-bench-'));
    try {
      const { first, idle } = await firstStart(dataDir);
      const times: Record<'api' | 'node' | 'stop' | 'again' | 'down', number[]> = {
        api: [],
        node: [],
        stop: [],
        again: [],
        down: [],
      };
      for (let round = 0; round < rounds; round += 1) {
        await using program = await startProgram([], dataDir);
        times.api.push(program.times['serves the Kubernetes API'] ?? Number.NaN);
        times.node.push(program.times['node is ready'] ?? Number.NaN);
        times.stop.push(await program.stop());
        await using taken = await startProgram([], dataDir);
        times.again.push(taken.times['node is ready'] ?? Number.NaN);
        times.down.push(await taken.down());
        await program.down();
      }
      const median = (name: string, values: number[], budget?: string): Row => ({
        name: `${name}, median`,
        value: percentile(values, 50),
        unit: 'ms',
        ...(budget === undefined ? {} : { budget }),
        command,
      });
      return [
        { name: 'first start, empty directory, to all ready', value: first, unit: 'ms', command },
        median('start to a serving API', times.api, '1,000 ms'),
        median('start to a Ready node', times.node, '2,000 ms'),
        median('start over running containers to a Ready node', times.again),
        median('Ctrl-C to the end of the process', times.stop),
        median('berth down', times.down),
        ...idle,
      ];
    } finally {
      rmSync(dataDir, { recursive: true, force: true });
    }
  },
};

async function firstStart(dataDir: string): Promise<{ first: number; idle: Row[] }> {
  await using program = await startProgram([], dataDir);
  await delay(settle);
  return { first: program.times.ready ?? Number.NaN, idle: await idleCost(program) };
}

async function idleCost({ process: { pid = 0 }, dataDir }: Program): Promise<Row[]> {
  const before = processorTime(pid);
  const started = performance.now();
  await delay(watched);
  const used = (100 * (processorTime(pid) - before)) / (performance.now() - started);
  const rows: Row[] = [
    {
      name: 'resident memory, idle one-node cluster',
      value: residentMemory(pid),
      unit: 'MiB',
      budget: '200 MiB',
      command,
    },
    { name: 'processor, idle one-node cluster', value: used, unit: '% of a core', budget: '2 %', command },
  ];
  for (const beside of processesNaming(dataDir)) {
    if (beside === pid) continue;
    const name = readFileSync(`/proc/${beside}/comm`, 'utf8').trim();
    const what = name === 'containerd' ? 'containerd' : 'the DNS process';
    rows.push({ name: `resident memory, ${what} beside it`, value: residentMemory(beside), unit: 'MiB', command });
  }
  return rows;
}
