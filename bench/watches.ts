import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import https from 'node:https';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { mostMemory, residentMemory, startProgram } from './program.ts';
import { percentile, type Row, type Suite } from './row.ts';
import { type Target, targetOf } from './target.ts';

const command = 'npm run bench -- --only watches';
const watches = 10_000;
/** What the server allows on one connection of HTTP/2. */
const perConnection = 250;
const path = '/api/v1/namespaces/default/configmaps';
/** Written while nobody reads: so many objects of so many bytes. */
const flood = { count: 100, bytes: 200_000 };

/** Ten thousand open watches: what they cost, how soon each hears of a write, and what they cost when none of them reads. */
export const watchesSuite: Suite = {
  name: 'watches',
  async measure() {
    // A kernel takes megabytes for each connection that is not read, which ten thousand of them would make its whole memory.
    return [...(await measure('HTTP/2', open2, true)), ...(await measure('HTTP/1.1', open1, false))];
  },
};

interface Watching extends Target {
  /** Of the state before all that is written. */
  version: string;
  /** To be called at the end. */
  closing: (() => void)[];
}

async function measure(
  protocol: string,
  open: (target: Watching) => Promise<Readable[]>,
  isFlooded: boolean,
): Promise<Row[]> {
  await using program = await startProgram(['--runtime', 'simulated']);
  const pid = program.process.pid ?? 0;
  const { server, tls } = targetOf(program.kubeconfig);
  const { metadata } = JSON.parse(await ask(server, tls, 'GET', path)) as { metadata: { resourceVersion: string } };
  const target: Watching = { server, tls, version: metadata.resourceVersion, closing: [] };
  const rows: Row[] = [];
  const row = (name: string, value: number, unit: string) =>
    rows.push({ name: `${watches} watches over ${protocol}: ${name}`, value, unit, command });
  try {
    const before = residentMemory(pid);
    const started = performance.now();
    const streams = await open(target);
    row('to open them', performance.now() - started, 'ms');
    await delay(2000);
    row('resident memory for each', ((residentMemory(pid) - before) * 1024) / watches, 'KiB');
    row('write to the last of them, p99', percentile(await latencies(target, streams), 99), 'ms');
    if (!isFlooded) return rows;
    for (const stream of streams) stream.pause();
    const write = writerTo(target);
    for (let at = 0; at < flood.count; at++) await write(`flood-${at}`, flood.bytes);
    row('most memory while none reads 20 MB of events', mostMemory(pid), 'MiB');
    return rows;
  } finally {
    for (const close of target.closing) close();
  }
}

/** From the sending of a write until each watch has its event, in ms; five writes, one after the other. */
async function latencies(target: Target, streams: readonly Readable[]): Promise<number[]> {
  const write = writerTo(target);
  const found: number[] = [];
  let sent = 0;
  let missing = 0;
  let wake = () => {};
  for (const stream of streams) {
    stream.on('data', () => {
      found.push(performance.now() - sent);
      missing -= 1;
      if (missing === 0) wake();
    });
  }
  for (let round = 0; round < 5; round++) {
    missing = streams.length;
    const all = new Promise<void>((resolve) => {
      wake = resolve;
    });
    sent = performance.now();
    await write(`w-${round}`, 10);
    await all;
  }
  for (const stream of streams) stream.removeAllListeners('data');
  return found;
}

async function open2({ server, tls, version, closing }: Watching): Promise<Readable[]> {
  const streams: Readable[] = [];
  for (let at = 0; at < watches; at += perConnection) {
    const session: ClientHttp2Session = connect(server, tls);
    session.on('error', () => {});
    session.setMaxListeners(0);
    closing.push(() => session.destroy());
    await once(session, 'connect');
    const opening = Array.from({ length: perConnection }, async () => {
      const stream = session.request({ ':path': `${path}?watch=true&resourceVersion=${version}` });
      stream.on('error', () => {});
      await once(stream, 'response');
      return stream;
    });
    streams.push(...(await Promise.all(opening)));
  }
  return streams;
}

async function open1({ server, tls, version, closing }: Watching): Promise<Readable[]> {
  const agent = new https.Agent({ ...tls, maxSockets: Number.POSITIVE_INFINITY });
  closing.push(() => agent.destroy());
  const streams: Readable[] = [];
  for (let at = 0; at < watches; at += 100) {
    const opening = Array.from({ length: 100 }, async () => {
      const request = https.get(`${server}${path}?watch=true&resourceVersion=${version}`, { agent });
      request.on('error', () => {});
      const [response] = (await once(request, 'response')) as [Readable];
      response.on('error', () => {});
      return response;
    });
    streams.push(...(await Promise.all(opening)));
  }
  return streams;
}

function writerTo({ server, tls }: Target): (name: string, bytes: number) => Promise<void> {
  return async (name, bytes) => {
    await ask(server, tls, 'POST', path, { metadata: { name }, data: { filler: 'x'.repeat(bytes) } });
  };
}

async function ask(server: string, tls: Target['tls'], method: string, at: string, body?: object): Promise<string> {
  const request = https.request(server + at, { ...tls, method, headers: { 'content-type': 'application/json' } });
  request.end(body === undefined ? undefined : JSON.stringify(body));
  const [response] = (await once(request, 'response')) as [Readable & { statusCode?: number }];
  let text = '';
  for await (const chunk of response) text += String(chunk);
  if ((response.statusCode ?? 0) >= 400) throw new Error(text);
  return text;
}
