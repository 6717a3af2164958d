import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { readFileSync, statSync } from 'node:fs';
import { connect, isIPv6 } from 'node:net';
import { emptyAnswer, framed, headerLength, isTruncated, messageSplitter, rcodeOf, ttlOffsets } from './wire.ts';

export interface Upstream {
  address: string;
  port: number;
}

export interface ForwardOptions {
  /** Read again when the file changes; `/etc/resolv.conf`. */
  resolvConf: string;
  /** Instead of those in the file. */
  upstreams?: readonly Upstream[];
  /** Addresses of our own, which would be a circle. */
  avoid: readonly string[];
  /** Milliseconds since some fixed moment. */
  now: () => number;
}

/** One resolver's time; two tries make the worst wait of a pod about 2 s, below the 5 s of its own resolver. */
const patience = 1_000;
const longestTtl = 30;
const failureTtl = 1;
const cacheLimit = 5_000;
/** After this many answers that did not come, resolvers count as unreachable for a while and nobody waits for them. */
const silencesUntilDown = 3;
const downFor = 5_000;
const servfail = 2;

interface Kept {
  message: Buffer;
  offsets: readonly number[];
  at: number;
  until: number;
}

/** Asks the host's resolvers, remembers answers for up to 30 s, and always answers: with SERVFAIL if need be. */
export class Forwarder {
  readonly #options: ForwardOptions;
  readonly #kept = new Map<string, Kept>();
  readonly #asking = new Map<string, Promise<Buffer>>();
  #upstreams: readonly Upstream[] = [];
  #readAt = Number.NEGATIVE_INFINITY;
  #modified = -1;
  #silences = 0;
  #downUntil = 0;

  constructor(options: ForwardOptions) {
    this.#options = options;
  }

  /** The answer to a whole query message, with the query's own id. */
  async ask(query: Buffer, overTcp: boolean): Promise<Buffer> {
    // All but the id: name, type, flags and EDNS options.
    const key = `${overTcp ? 't' : 'u'}${query.toString('latin1', 2)}`;
    const now = this.#options.now();
    const kept = this.#kept.get(key);
    if (kept && kept.until > now) return withId(aged(kept, now), query);
    let asking = this.#asking.get(key);
    if (!asking) {
      asking = this.#askAll(query, overTcp).finally(() => this.#asking.delete(key));
      this.#asking.set(key, asking);
      asking.then((message) => this.#keep(key, message)).catch(() => {});
    }
    return withId(await asking, query);
  }

  async #askAll(query: Buffer, overTcp: boolean): Promise<Buffer> {
    const upstreams = this.#current();
    if (this.#options.now() < this.#downUntil) return emptyAnswer(query, servfail);
    let answer: Buffer | undefined;
    for (let attempt = 0; attempt < 2 && upstreams.length > 0; attempt += 1) {
      const upstream = upstreams[attempt % upstreams.length];
      if (!upstream) break;
      try {
        answer = await (overTcp ? askTcp(query, upstream) : askUdp(query, upstream));
        this.#silences = 0;
        if (rcodeOf(answer) !== servfail) return answer;
      } catch {
        this.#silences += 1;
        if (this.#silences < silencesUntilDown) continue;
        this.#silences = 0;
        this.#downUntil = this.#options.now() + downFor;
        break;
      }
    }
    return answer ?? emptyAnswer(query, servfail);
  }

  #keep(key: string, message: Buffer): void {
    if (isTruncated(message)) return;
    let offsets: number[];
    try {
      offsets = ttlOffsets(message);
    } catch {
      return;
    }
    const rcode = rcodeOf(message);
    const usable = (rcode === 0 || rcode === 3) && offsets.length > 0;
    const ttl = usable ? Math.min(longestTtl, ...offsets.map((at) => message.readUInt32BE(at))) : failureTtl;
    if (this.#kept.size >= cacheLimit) this.#kept.clear();
    const at = this.#options.now();
    this.#kept.set(key, { message, offsets, at, until: at + ttl * 1000 });
  }

  #current(): readonly Upstream[] {
    const { upstreams, resolvConf, avoid } = this.#options;
    if (upstreams) return upstreams;
    const now = this.#options.now();
    if (now - this.#readAt < 5_000) return this.#upstreams;
    this.#readAt = now;
    try {
      const modified = statSync(resolvConf).mtimeMs;
      if (modified === this.#modified) return this.#upstreams;
      const text = readFileSync(resolvConf, 'utf8');
      const addresses = [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)].map(([, address = '']) => address);
      this.#upstreams = addresses
        .filter((address) => !avoid.includes(address))
        .map((address) => ({ address, port: 53 }));
      this.#modified = modified;
      this.#downUntil = 0;
      this.#kept.clear();
    } catch {
      this.#upstreams = [];
    }
    return this.#upstreams;
  }
}

function withId(message: Buffer, query: Buffer): Buffer {
  const copy = Buffer.from(message);
  query.copy(copy, 0, 0, 2);
  return copy;
}

function aged({ message, offsets, at }: Kept, now: number): Buffer {
  const copy = Buffer.from(message);
  const seconds = Math.floor((now - at) / 1000);
  for (const offset of offsets) copy.writeUInt32BE(Math.max(0, message.readUInt32BE(offset) - seconds), offset);
  return copy;
}

/** A socket and an id for each question: an answer must come from the resolver, to this port, with this id. */
function askUdp(query: Buffer, { address, port }: Upstream): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    const end = (settle: () => void) => {
      clearTimeout(timer);
      socket.close();
      settle();
    };
    const timer = setTimeout(() => end(() => reject(new Error(`${address} did not answer`))), patience);
    const sent = Buffer.from(query);
    const id = randomInt(65_536);
    sent.writeUInt16BE(id, 0);
    socket.on('error', (error) => end(() => reject(error)));
    socket.on('message', (message) => {
      if (message.length < headerLength || message.readUInt16BE(0) !== id) return;
      end(() => resolve(message));
    });
    socket.connect(port, address, () => socket.send(sent));
  });
}

function askTcp(query: Buffer, { address, port }: Upstream): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port });
    const end = (settle: () => void) => {
      clearTimeout(timer);
      socket.destroy();
      settle();
    };
    const timer = setTimeout(() => end(() => reject(new Error(`${address} did not answer`))), patience);
    socket.on('error', (error) => end(() => reject(error)));
    socket.on('close', () => end(() => reject(new Error(`${address} closed the connection`))));
    socket.on(
      'data',
      messageSplitter((message) => end(() => resolve(message))),
    );
    socket.write(framed(query));
  });
}
