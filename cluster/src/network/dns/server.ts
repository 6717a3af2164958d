import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import * as dns from 'dns-packet';
import type { Forwarder } from './forward.ts';
import { emptyAnswer, framed, headerLength, messageSplitter, withPointers } from './wire.ts';
import type { Zone } from './zone.ts';

export interface DnsServerOptions {
  zone: Zone;
  forwarder: Forwarder;
  listen: { address: string; port: number };
}

export interface DnsServer {
  port: number;
  /** Call after the zone changed: answers made before no longer hold. */
  zoneChanged(): void;
  close(): Promise<void>;
}

/** The most that goes into one packet without fragments, whatever the client would take (DNS flag day 2020). */
const largestUdp = 1232;
const smallestUdp = 512;
const answersKept = 4096;
const longestAlias = 8;
const idleTcp = 10_000;
const mostTcp = 256;
const formatError = 1;
const serverFailure = 2;
const notImplemented = 4;
const badVersion = 16;

/** Serves the zone, and other names through the forwarder, over UDP and TCP on the same port. */
export async function startDnsServer({ zone, forwarder, listen }: DnsServerOptions): Promise<DnsServer> {
  /** Whole answers by whole query, ids aside. Only of the zone, and only where their order does not matter. */
  const kept = new Map<string, Buffer>();

  /** The answer at once where possible, since that is what most questions want; undefined for what is no question. */
  function answerTo(query: Buffer, overTcp: boolean): Buffer | Promise<Buffer> | undefined {
    if (query.length < headerLength || (query.readUInt8(2) & 0x80) !== 0) return undefined;
    const key = (overTcp ? 't' : 'u') + query.toString('latin1', 2);
    const known = kept.get(key);
    if (known) {
      const answer = Buffer.from(known);
      answer.writeUInt16BE(query.readUInt16BE(0), 0);
      return answer;
    }
    if ((query.readUInt8(2) & 0x78) !== 0) return emptyAnswer(query, notImplemented);
    let packet: dns.DecodedPacket;
    try {
      packet = dns.decode(query);
    } catch {
      return emptyAnswer(query, formatError);
    }
    const question = packet.questions?.[0];
    if (!question || packet.questions?.length !== 1) return emptyAnswer(query, formatError);
    const local = zone.answer(question.name, question.type);
    if (!local) return forwarder.ask(query, overTcp);
    if (local.follow !== undefined) {
      return followAlias(local.follow, question.type, overTcp).then(({ rcode, answers }) =>
        encode(query, packet, { ...local, rcode, answers: [...local.answers, ...answers], overTcp }),
      );
    }
    const answer = encode(query, packet, { ...local, overTcp });
    // Several addresses are turned around each time, so that clients that take the first do not all take the same.
    if (local.answers.length < 2) {
      if (kept.size >= answersKept) kept.clear();
      kept.set(key, answer);
    }
    return answer;
  }

  function respond(query: Buffer, overTcp: boolean, send: (answer: Buffer) => void): void {
    const answer = answerTo(query, overTcp);
    if (answer instanceof Promise) answer.then(send, () => send(emptyAnswer(query, serverFailure)));
    else if (answer) send(answer);
  }

  async function followAlias(first: string, type: dns.RecordType, overTcp: boolean) {
    const answers: dns.Answer[] = [];
    let target = first;
    for (let step = 0; step < longestAlias; step += 1) {
      const local = zone.answer(target, type);
      if (!local) {
        const query = dns.encode({ type: 'query', flags: dns.RECURSION_DESIRED, questions: [{ type, name: target }] });
        const reply = await forwarder.ask(query, overTcp);
        const packet = dns.decode(reply);
        answers.push(...(packet.answers ?? []));
        return { rcode: rcodeName(reply.readUInt8(3) & 0x0f), answers };
      }
      answers.push(...local.answers);
      if (local.follow === undefined) return { rcode: local.rcode, answers };
      target = local.follow;
    }
    throw new Error(`${first} is an alias without an end`);
  }

  const { udp, tcp } = await listenBoth(listen, respond);
  return {
    port: udp.address().port,
    zoneChanged: () => kept.clear(),
    async close() {
      await Promise.all([
        new Promise<void>((resolve) => udp.close(resolve)),
        new Promise<void>((resolve) => tcp.server.close(() => resolve())),
        ...[...tcp.connections].map((connection) => connection.destroy()),
      ]);
    },
  };
}

interface Content {
  rcode: 'NOERROR' | 'NXDOMAIN' | 'SERVFAIL' | 'REFUSED';
  answers: dns.Answer[];
  authorities: dns.Answer[];
  additionals: dns.Answer[];
  overTcp: boolean;
}

const rcodes = { NOERROR: 0, SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 } as const;

function rcodeName(code: number): Content['rcode'] {
  if (code === rcodes.NOERROR) return 'NOERROR';
  return code === rcodes.NXDOMAIN ? 'NXDOMAIN' : 'SERVFAIL';
}

function encode(query: Buffer, packet: dns.DecodedPacket, content: Content): Buffer {
  const edns = packet.additionals?.find((record): record is dns.OptAnswer & { type: 'OPT' } => record.type === 'OPT');
  const wrongVersion = (edns?.ednsVersion ?? 0) > 0;
  const desired = packet.flags === undefined ? 0 : packet.flags & dns.RECURSION_DESIRED;
  const base: dns.Packet = {
    id: query.readUInt16BE(0),
    type: 'response',
    flags:
      dns.AUTHORITATIVE_ANSWER |
      dns.RECURSION_AVAILABLE |
      desired |
      (wrongVersion ? badVersion & 0x0f : rcodes[content.rcode]),
    questions: packet.questions ?? [],
  };
  const opt: dns.Answer[] = edns
    ? [
        {
          type: 'OPT',
          name: '.',
          udpPayloadSize: largestUdp,
          extendedRcode: wrongVersion ? badVersion >> 4 : 0,
          ednsVersion: 0,
          flags: 0,
          flag_do: false,
          options: [],
        },
      ]
    : [];
  if (wrongVersion) return dns.encode({ ...base, additionals: opt });
  const answers = turned(content.answers);
  const { authorities, additionals } = content;
  const whole = withPointers(dns.encode({ ...base, answers, authorities, additionals: [...additionals, ...opt] }));
  if (content.overTcp) return whole;
  const limit = Math.min(largestUdp, Math.max(smallestUdp, edns?.udpPayloadSize ?? smallestUdp));
  if (whole.length <= limit) return whole;
  // Additional records are a courtesy. Without some of the answers the client is told to come again over TCP; those
  // that fit are for resolvers that never do.
  let count = answers.length;
  for (;;) {
    const cut = count < answers.length ? dns.TRUNCATED_RESPONSE : 0;
    const flags = (base.flags ?? 0) | cut;
    const part = withPointers(dns.encode({ ...base, flags, answers: answers.slice(0, count), additionals: opt }));
    if (part.length <= limit || count === 0) return part;
    count = Math.min(count - 1, Math.floor((count * limit) / part.length));
  }
}

/** Begins at a random one; an alias stays in front of what it points to. */
function turned(answers: dns.Answer[]): dns.Answer[] {
  if (answers.length < 2 || answers.some(({ type }) => type === 'CNAME')) return answers;
  const start = Math.floor(Math.random() * answers.length);
  return [...answers.slice(start), ...answers.slice(0, start)];
}

type Respond = (query: Buffer, overTcp: boolean, send: (answer: Buffer) => void) => void;

/** Where any port will do, it must be one that is free for both. */
async function listenBoth(listen: { address: string; port: number }, respond: Respond) {
  for (let attempt = 1; ; attempt += 1) {
    const udp = await listenUdp(listen, respond);
    try {
      return { udp, tcp: await listenTcp({ ...listen, port: udp.address().port }, respond) };
    } catch (error) {
      udp.close();
      if (listen.port !== 0 || attempt === 10) throw error;
    }
  }
}

/** `reusePort`: a new version listens before the old one ends, so that no question meets a closed port. */
async function listenUdp({ address, port }: { address: string; port: number }, respond: Respond): Promise<UdpSocket> {
  const socket = createSocket({ type: 'udp4', reusePort: port !== 0, recvBufferSize: 1 << 20 });
  socket.on('message', (query, from) => {
    respond(query, false, (answer) => socket.send(answer, from.port, from.address));
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, address, resolve);
  });
  socket.removeAllListeners('error');
  // An answer that cannot be delivered is the client's loss alone.
  socket.on('error', () => {});
  return socket;
}

async function listenTcp(
  { address, port }: { address: string; port: number },
  respond: Respond,
): Promise<{ server: Server; connections: Set<Socket> }> {
  const connections = new Set<Socket>();
  const server = createServer((socket) => {
    if (connections.size >= mostTcp) {
      socket.destroy();
      return;
    }
    connections.add(socket);
    socket.setTimeout(idleTcp, () => socket.destroy());
    socket.on('close', () => connections.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.on(
      'data',
      messageSplitter((query) => {
        respond(query, true, (answer) => {
          if (!socket.destroyed) socket.write(framed(answer));
        });
      }),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: address, port, reusePort: true }, resolve);
  });
  return { server, connections };
}
