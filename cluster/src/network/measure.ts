import { createSocket } from 'node:dgram';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as dns from 'dns-packet';
import { pino } from 'pino';
import { chooseInstanceRange, instanceOf, parseRange, planAddresses, releaseInstanceRange } from './addresses/index.ts';
import { keepDnsRunning, recordsDirectory, stopDns } from './dns/index.ts';
import { aService, aSlice } from './services/cases.ts';
import { baseTable, computeService, RuleState, run, runNft, tableName } from './services/index.ts';

async function temporaryInstance() {
  const dataDir = await mkdtemp(join(tmpdir(), 'berth-measure-'));
  return {
    dataDir,
    instance: await instanceOf(dataDir),
    plan: planAddresses(await chooseInstanceRange({ dataDir })),
    async [Symbol.asyncDispose]() {
      await releaseInstanceRange({ dataDir });
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

export interface RuleFigures {
  /** Milliseconds to put the rules of all services into the kernel at once, as after a start. */
  wholeMs: number;
  /** Milliseconds from a service's changed endpoints to the rules in the kernel; the median of 21. */
  changeMs: number;
}

/** Rules of this many services with three endpoints each, in a real table of this machine. Needs root. */
export async function measureRules(services: number): Promise<RuleFigures> {
  await using place = await temporaryInstance();
  const { instance, plan } = place;
  const pods = parseRange(plan.podRange) ?? { base: 0, prefix: 32 };
  const state = new RuleState(instance);
  const prefix = plan.serviceRange.replace('128.0/17', '');
  const set = (index: number, third: number) => {
    const name = `s${index}`;
    const spec = { clusterIP: `${prefix}${129 + (index >> 8)}.${index & 255}`, ports: [{ port: 80 }] };
    const endpoints = [2, 3, third].map((last) => plan.podRange.replace('0.0/17', `${index % 100}.${last}`));
    state.set(name, computeService(aService(name, spec), [aSlice(name, [{ port: 8080 }], endpoints)], pods));
  };
  try {
    let began = performance.now();
    for (let index = 0; index < services; index += 1) set(index, 4);
    const whole = state.whole(baseTable(instance, plan), { chains: [], maps: [] });
    await runNft(whole.script);
    whole.commit();
    const wholeMs = performance.now() - began;
    const changes: number[] = [];
    for (let round = 0; round < 21; round += 1) {
      began = performance.now();
      set(round % services, 100 + round);
      const change = state.difference();
      await runNft(change.script);
      change.commit();
      changes.push(performance.now() - began);
    }
    return { wholeMs, changeMs: changes.sort((a, b) => a - b)[10] ?? Number.NaN };
  } finally {
    await run('nft', ['delete', 'table', 'ip', tableName(instance)]);
  }
}

export interface DnsFigures {
  perSecond: number;
  residentMiB: number;
}

/** The real DNS process over UDP on the loopback, 1,000 services, 64 questions under way, for two seconds. */
export async function measureDns(): Promise<DnsFigures> {
  await using place = await temporaryInstance();
  const { dataDir, plan } = place;
  const services = 1000;
  const names = Array.from({ length: services }, (_, index) => `s${index}`);
  const stop = new AbortController();
  const listen = { address: '127.0.0.1', port: 20_000 + Math.floor(Math.random() * 10_000) };
  const { pid } = await keepDnsRunning({
    dataDir,
    range: plan.range,
    listen,
    avoid: [],
    upstreams: [],
    logger: pino({ level: 'silent' }),
    signal: stop.signal,
  });
  try {
    const records = names.map((name, index) => [name, { addresses: [`10.0.${index >> 8}.${index & 255}`] }]);
    const file = join(recordsDirectory(dataDir), 'shop.json');
    await writeFile(file, JSON.stringify(Object.fromEntries(records)));
    const questions = names.map((name, id) =>
      dns.encode({
        type: 'query',
        id,
        flags: dns.RECURSION_DESIRED,
        questions: [{ type: 'A', name: `${name}.shop.svc.cluster.local` }],
      }),
    );
    const perSecond = await askFor(2_000, questions, listen);
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    return { perSecond, residentMiB: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024 };
  } finally {
    stop.abort();
    await stopDns(dataDir);
  }
}

async function askFor(
  ms: number,
  questions: readonly Buffer[],
  to: { address: string; port: number },
): Promise<number> {
  const socket = createSocket('udp4');
  let answers = 0;
  let next = 0;
  const send = () => {
    const question = questions[next % questions.length];
    next += 1;
    if (question) socket.send(question, to.port, to.address);
  };
  socket.on('message', () => {
    answers += 1;
    send();
  });
  for (let under = 0; under < 64; under += 1) send();
  // The first half fills caches and lets the compiler see what is hot.
  await new Promise((resolve) => setTimeout(resolve, ms / 2));
  answers = 0;
  const began = performance.now();
  await new Promise((resolve) => setTimeout(resolve, ms));
  const perSecond = (answers * 1000) / (performance.now() - began);
  socket.close();
  return perSecond;
}
