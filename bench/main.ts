/**
 * `npm run bench [-- --only NAME[,NAME]] [--peer-kubeconfig FILE]`: measures the budgets, prints a table, and writes
 * `bench/results/<time>.json`. Figures depend on the machine: compare within one run.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Row, Suite } from './row.ts';

/** Loaded one at a time, so that one suite's memory is not another's. */
const suites: Record<string, () => Promise<Suite>> = {
  start: async () => (await import('./start.ts')).start,
  footprint: async () => (await import('./footprint.ts')).footprint,
  api: async () => (await import('./api.ts')).api,
  watches: async () => (await import('./watches.ts')).watchesSuite,
  audit: async () => (await import('./audit.ts')).audit,
  fairness: async () => (await import('./fairness.ts')).fairness,
  pods: async () => (await import('./pods.ts')).podStart,
  store: async () => (await import('./store.ts')).store,
  network: async () => (await import('./network.ts')).network,
  scheduling: async () => (await import('./scheduling.ts')).scheduling,
  scale: async () => (await import('./scale.ts')).scale,
};

const { values } = parseArgs({ options: { only: { type: 'string' }, 'peer-kubeconfig': { type: 'string' } } });
const names = values.only?.split(',') ?? Object.keys(suites);
const unknown = names.find((name) => !(name in suites));
if (unknown) {
  process.stderr.write(`bench: there is no "${unknown}": one of ${Object.keys(suites).join(', ')}\n`);
  process.exit(2);
}

const [load = 0] = loadavg();
if (load > 1) {
  process.stderr.write(
    `bench: the machine is busy (load ${load.toFixed(1)} on ${cpus().length} processors): figures suffer\n`,
  );
}
const peer = values['peer-kubeconfig'];
const rows: (Row & { suite: string })[] = [];
for (const name of names) {
  process.stderr.write(`measuring ${name} …\n`);
  const suite = await suites[name]?.();
  const measured = (await suite?.measure(peer === undefined ? {} : { peerKubeconfig: peer })) ?? [];
  rows.push(...measured.map((row) => ({ suite: name, ...row })));
}

const widths = { name: Math.max(...rows.map(({ name }) => name.length)), value: 12 };
for (const { name, value, unit, budget } of rows) {
  const figure = `${format(value)} ${unit}`;
  console.log(
    `${name.padEnd(widths.name)}  ${figure.padStart(16)}${budget === undefined ? '' : `   (budget: ${budget})`}`,
  );
}
const folder = fileURLToPath(new URL('results/', import.meta.url));
mkdirSync(folder, { recursive: true });
const time = new Date().toISOString();
const file = `${folder}${time.replaceAll(':', '-')}.json`;
const machine = { cpu: cpus()[0]?.model, cpus: cpus().length, memoryBytes: totalmem(), node: process.version, load };
writeFileSync(file, `${JSON.stringify({ time, machine, rows }, null, 2)}\n`);
process.stderr.write(`written to ${file}\n`);
// Clients and stores of the suites may hold handles; the figures are out.
process.exit(0);

function format(value: number): string {
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en');
  return value.toFixed(Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2);
}
