import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, type Dispatcher } from 'undici';
import { startProgram } from './program.ts';
import type { Row, Suite } from './row.ts';
import { targetOf } from './target.ts';

const command = 'npm run bench -- --only audit';
const clients = 16;
const requests = 8000;
/** What /proc counts processor time in, in microseconds. */
const tick = 10_000;

/** What a record of a request costs: processor time with an audit policy, less the same without any record. */
export const audit: Suite = {
  name: 'audit',
  async measure() {
    const nothing = await costs('None');
    const rows: Row[] = [];
    for (const level of ['Metadata', 'Request', 'RequestResponse']) {
      const some = await costs(level);
      for (const verb of ['read', 'write'] as const) {
        const more = (of: 'loop' | 'whole') => some[verb][of] - nothing[verb][of];
        const name = `a ${verb} recorded at level ${level}`;
        rows.push({ name: `${name}, on the event loop`, value: more('loop'), unit: 'µs', command });
        rows.push({ name: `${name}, in all threads`, value: more('whole'), unit: 'µs', command });
      }
    }
    const whole = (verb: 'read' | 'write'): Row => {
      return {
        name: `a ${verb} that is not recorded, on the event loop`,
        value: nothing[verb].loop,
        unit: 'µs',
        command,
      };
    };
    return [whole('read'), whole('write'), ...rows];
  },
};

interface Cost {
  /** Microseconds a request. */
  loop: number;
  whole: number;
}

async function costs(level: string): Promise<{ read: Cost; write: Cost }> {
  const directory = mkdtempSync(join(tmpdir(), 'berth-bench-audit-'));
  const file = join(directory, 'policy.json');
  // Of reads and writes alike, in one stage.
  const policy = { apiVersion: 'audit.k8s.io/v1', kind: 'Policy', omitStages: ['RequestReceived'], rules: [{ level }] };
  writeFileSync(file, JSON.stringify(policy));
  await using program = await startProgram(['--runtime', 'simulated', '--audit-policy-file', file]);
  const { server, tls } = targetOf(program.kubeconfig);
  const agent = new Agent({ connections: clients, pipelining: 1, connect: tls });
  const call = async (method: Dispatcher.HttpMethod, path: string, body?: unknown) => {
    const headers = { 'content-type': 'application/json', accept: 'application/json' };
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await agent.request({ origin: server, path, method, headers, ...sent });
    if (answer.statusCode >= 400) throw new Error(`${method} ${path}: ${answer.statusCode}`);
    await answer.body.dump();
  };
  const maps = '/api/v1/namespaces/default/configmaps';
  const data = { k: 'v'.repeat(2000) };
  const pid = program.process.pid ?? 0;
  try {
    const write = await cost(pid, (i) => call('POST', maps, { metadata: { name: `m${i}` }, data }));
    return { write, read: await cost(pid, (i) => call('GET', `${maps}/m${i}`)) };
  } finally {
    await agent.close();
    rmSync(directory, { recursive: true });
  }
}

async function cost(pid: number, request: (i: number) => Promise<void>): Promise<Cost> {
  let next = 0;
  const lane = async (to: number) => {
    while (next < to) await request(next++);
  };
  const run = (to: number) => Promise.all(Array.from({ length: clients }, () => lane(to)));
  // The first ones are for the compiler.
  await run(requests / 4);
  const before = [ticks(`${pid}/task/${pid}`), ticks(String(pid))];
  await run(requests);
  const [loop = 0, whole = 0] = [ticks(`${pid}/task/${pid}`), ticks(String(pid))].map(
    (now, i) => now - (before[i] ?? 0),
  );
  const each = tick / (requests * 0.75);
  return { loop: loop * each, whole: whole * each };
}

/** Processor time of a process or a thread, in clock ticks. */
function ticks(of: string): number {
  const stat = readFileSync(`/proc/${of}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}
