import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { connect } from 'node:net';
import type { EndpointSlice } from '@berth/kube/objects';
import * as dns from 'dns-packet';
import { afterEach, describe, expect, test } from 'vitest';
import { aService, aSlice } from '../services/cases.ts';
import { Forwarder } from './forward.ts';
import { type NamespaceRecords, serviceRecords } from './records.ts';
import { startDnsServer } from './server.ts';
import { framed, messageSplitter } from './wire.ts';
import { Zone } from './zone.ts';

const localhost = '127.0.0.1';
const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function shop(): NamespaceRecords {
  const entries: [string, ReturnType<typeof aService>, EndpointSlice[]][] = [
    ['catalog', aService('catalog', { clusterIP: '10.42.128.20', ports: [{ name: 'http', port: 80 }] }), []],
    [
      'db',
      aService('db', { clusterIP: 'None', ports: [{ name: 'sql', port: 5432 }] }),
      [
        aSlice(
          'db',
          [{ name: 'sql', port: 5432 }],
          [
            { address: '10.42.0.5', hostname: 'db-0', conditions: { ready: true } },
            { address: '10.42.0.6', hostname: 'db-1', conditions: { ready: true } },
            '10.42.0.7',
            { address: '10.42.0.8', hostname: 'db-3', conditions: { ready: false } },
          ],
        ),
      ],
    ],
    ['empty', aService('empty', { clusterIP: 'None' }), []],
    ['alias', aService('alias', { type: 'ExternalName', externalName: 'catalog.shop.svc.cluster.local' }), []],
    ['outside', aService('outside', { type: 'ExternalName', externalName: 'www.example.test.' }), []],
    ['circle', aService('circle', { type: 'ExternalName', externalName: 'circle.shop.svc.cluster.local' }), []],
  ];
  return Object.fromEntries(
    entries.flatMap(([name, service, slices]) => {
      const records = serviceRecords(service, slices);
      return records ? [[name, records] as const] : [];
    }),
  );
}

async function serve(options: { upstreams?: { address: string; port: number }[]; now?: () => number } = {}) {
  const zone = new Zone('cluster.local', '10.42.0.0/16');
  zone.set('shop', shop());
  const forwarder = new Forwarder({
    resolvConf: '/nonexistent',
    upstreams: options.upstreams ?? [],
    avoid: [],
    now: options.now ?? (() => performance.now()),
  });
  const server = await startDnsServer({ zone, forwarder, listen: { address: localhost, port: 0 } });
  closers.push(server.close);
  return { ...server, zone };
}

type Asked = dns.Packet & { raw?: Buffer };

async function ask(port: number, name: string, type: string, extra: Asked = {}): Promise<dns.DecodedPacket> {
  const { raw, ...packet } = extra;
  const query =
    raw ??
    dns.encode({
      type: 'query',
      id: 4711,
      flags: dns.RECURSION_DESIRED,
      questions: [{ name, type: type as dns.RecordType }],
      ...packet,
    });
  const socket = createSocket('udp4');
  try {
    const answer = new Promise<Buffer>((resolve) => socket.once('message', resolve));
    socket.send(query, port, localhost);
    return dns.decode(await answer);
  } finally {
    socket.close();
  }
}

function askTcp(port: number, name: string): Promise<dns.DecodedPacket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, localhost);
    socket.on('error', reject);
    socket.on(
      'data',
      messageSplitter((message) => {
        socket.destroy();
        resolve(dns.decode(message));
      }),
    );
    const frame = framed(dns.encode({ type: 'query', id: 1, questions: [{ name, type: 'A' }] }));
    // In two pieces, as a stream may bring it.
    socket.write(frame.subarray(0, 5), () => socket.write(frame.subarray(5)));
  });
}

/** A resolver of our own: answers `www.example.test` and nothing else, or never. */
async function upstream(behaviour: 'answers' | 'silent') {
  const socket = createSocket('udp4');
  let asked = 0;
  socket.on('message', (query, from) => {
    asked += 1;
    if (behaviour === 'silent') return;
    const { id, questions = [] } = dns.decode(query);
    const name = questions[0]?.name ?? '';
    const known = name === 'www.example.test';
    const answer = dns.encode({
      ...(id === undefined ? {} : { id }),
      type: 'response',
      flags: dns.RECURSION_AVAILABLE | (known ? 0 : 3),
      questions,
      answers: known ? [{ type: 'A', name, ttl: 300, data: '192.0.2.80' }] : [],
    });
    socket.send(answer, from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, localhost, resolve));
  closers.push(() => new Promise<void>((resolve) => socket.close(() => resolve())));
  return { address: localhost, port: socket.address().port, asked: () => asked };
}

const data = (packet: dns.DecodedPacket) =>
  (packet.answers ?? []).flatMap((answer) => ('data' in answer ? [answer.data] : []));
const codeOf = (packet: dns.DecodedPacket) => (packet as dns.DecodedPacket & { rcode: string }).rcode;

describe('names of the cluster', () => {
  const suffix = 'shop.svc.cluster.local';
  test.each([
    ['service', `catalog.${suffix}`, 'A', 'NOERROR', ['10.42.128.20']],
    ['whatever its case', `CataLog.SHOP.svc.Cluster.local`, 'A', 'NOERROR', ['10.42.128.20']],
    ['no other family', `catalog.${suffix}`, 'AAAA', 'NOERROR', []],
    ['unknown service', `nobody.${suffix}`, 'A', 'NXDOMAIN', []],
    ['name of an object’s own properties', `constructor.${suffix}`, 'A', 'NXDOMAIN', []],
    ['unknown namespace', 'catalog.other.svc.cluster.local', 'A', 'NXDOMAIN', []],
    ['search list', `catalog.${suffix}.${suffix}`, 'A', 'NXDOMAIN', []],
    ['outside name with the search list', `www.example.test.${suffix}`, 'A', 'NXDOMAIN', []],
    ['namespace', suffix, 'A', 'NOERROR', []],
    ['empty non-terminal', 'svc.cluster.local', 'A', 'NOERROR', []],
    ['headless', `db.${suffix}`, 'A', 'NOERROR', ['10.42.0.5', '10.42.0.6', '10.42.0.7']],
    ['headless without endpoints', `empty.${suffix}`, 'A', 'NOERROR', []],
    ['pod by hostname', `db-1.db.${suffix}`, 'A', 'NOERROR', ['10.42.0.6']],
    ['pod by hostname, other family', `db-1.db.${suffix}`, 'AAAA', 'NOERROR', []],
    ['pod by address', `10-42-0-7.db.${suffix}`, 'A', 'NOERROR', ['10.42.0.7']],
    ['pod that is not ready', `db-3.db.${suffix}`, 'A', 'NXDOMAIN', []],
    ['pod record', '10-42-0-7.shop.pod.cluster.local', 'A', 'NOERROR', ['10.42.0.7']],
    ['pod record of no address', 'x.shop.pod.cluster.local', 'A', 'NXDOMAIN', []],
    ['alias within', `alias.${suffix}`, 'A', 'NOERROR', [`catalog.${suffix}`, '10.42.128.20']],
    ['alias itself', `alias.${suffix}`, 'CNAME', 'NOERROR', [`catalog.${suffix}`]],
    ['alias in a circle', `circle.${suffix}`, 'A', 'SERVFAIL', []],
    ['no such port', `_nope._tcp.catalog.${suffix}`, 'SRV', 'NXDOMAIN', []],
    ['protocol alone', `_tcp.catalog.${suffix}`, 'A', 'NOERROR', []],
    ['reverse of a service', '20.128.42.10.in-addr.arpa', 'PTR', 'NOERROR', [`catalog.${suffix}`]],
    ['reverse of an endpoint', '5.0.42.10.in-addr.arpa', 'PTR', 'NOERROR', [`db-0.db.${suffix}`]],
    ['reverse of nobody', '9.9.42.10.in-addr.arpa', 'PTR', 'NXDOMAIN', []],
  ])('%s: %s %s', async (_what, name, type, rcode, expected) => {
    const { port } = await serve();
    const answer = await ask(port, name, type);
    expect(codeOf(answer)).toBe(rcode);
    expect(data(answer).map(String).sort()).toEqual([...expected].sort());
    if (expected.length === 0 && rcode !== 'SERVFAIL')
      expect(answer.authorities?.map((one) => one.type)).toEqual(['SOA']);
  });

  test('SRV of a service and of a headless one, with addresses', async () => {
    const { port } = await serve();
    const service = await ask(port, `_http._tcp.catalog.${suffix}`, 'SRV');
    expect(data(service)).toEqual([{ priority: 0, weight: 100, port: 80, target: `catalog.${suffix}` }]);
    const headless = await ask(port, `_sql._tcp.db.${suffix}`, 'SRV');
    expect(data(headless)).toHaveLength(3);
    expect(headless.additionals?.map((one) => one.name)).toContain(`db-0.db.${suffix}`);
  });

  test('TXT of the schema version, SOA at the top', async () => {
    const { port } = await serve();
    expect(String(data(await ask(port, 'dns-version.cluster.local', 'TXT'))[0])).toBe('1.1.0');
    expect((await ask(port, 'cluster.local', 'SOA')).answers?.[0]?.type).toBe('SOA');
  });

  test('a change shows at once', async () => {
    const { port, zone, zoneChanged } = await serve();
    expect(data(await ask(port, `catalog.${suffix}`, 'A'))).toEqual(['10.42.128.20']);
    zone.set('shop', { catalog: { addresses: ['10.42.128.99'] } });
    zoneChanged();
    expect(data(await ask(port, `catalog.${suffix}`, 'A'))).toEqual(['10.42.128.99']);
    expect(codeOf(await ask(port, '20.128.42.10.in-addr.arpa', 'PTR'))).toBe('NXDOMAIN');
    zone.set('shop', undefined);
    zoneChanged();
    expect(codeOf(await ask(port, `catalog.${suffix}`, 'A'))).toBe('NXDOMAIN');
  });

  test('a resolver library is content', async () => {
    const { port } = await serve();
    const resolver = new Resolver({ timeout: 2000, tries: 1 });
    resolver.setServers([`${localhost}:${port}`]);
    expect(await resolver.resolve4(`catalog.${suffix}`)).toEqual(['10.42.128.20']);
    expect(await resolver.reverse('10.42.128.20')).toEqual([`catalog.${suffix}`]);
    await expect(resolver.resolve6(`catalog.${suffix}`)).rejects.toMatchObject({ code: 'ENODATA' });
    await expect(resolver.resolve4(`nobody.${suffix}`)).rejects.toMatchObject({ code: 'ENOTFOUND' });
    expect(await resolver.resolveSrv(`_http._tcp.catalog.${suffix}`)).toMatchObject([{ port: 80 }]);
  });
});

describe('messages', () => {
  const many = 'many.shop.svc.cluster.local';
  async function serveMany(count: number) {
    const server = await serve();
    const endpoints = Array.from({ length: count }, (_, index) => ({
      address: `10.42.${index >> 8}.${index & 255}`,
      name: `n${index}`,
      ports: [],
    }));
    server.zone.set('shop', { many: { endpoints } });
    return server;
  }
  const edns = (udpPayloadSize: number): Asked => ({
    additionals: [
      {
        type: 'OPT',
        name: '.',
        udpPayloadSize,
        extendedRcode: 0,
        ednsVersion: 0,
        flags: 0,
        flag_do: false,
        options: [],
      },
    ],
  });

  test('an answer that is too long is cut, and whole over TCP', async () => {
    const { port } = await serveMany(200);
    const cut = await ask(port, many, 'A');
    expect(cut.flag_tc).toBe(true);
    expect(cut.answers?.length).toBeGreaterThan(20);
    const whole = await askTcp(port, many);
    expect([whole.flag_tc, whole.answers?.length]).toEqual([false, 200]);
  });

  test('EDNS raises what fits, up to a packet without fragments', async () => {
    const { port } = await serveMany(50);
    expect((await ask(port, many, 'A')).flag_tc).toBe(true);
    const larger = await ask(port, many, 'A', edns(4096));
    expect([larger.flag_tc, larger.answers?.length]).toEqual([false, 50]);
    expect(larger.additionals?.[0]).toMatchObject({ type: 'OPT', udpPayloadSize: 1232 });
  });

  test('several addresses do not always begin with the same', async () => {
    const { port } = await serveMany(4);
    const firsts = new Set<unknown>();
    for (let round = 0; round < 100 && firsts.size < 4; round += 1) firsts.add(data(await ask(port, many, 'A'))[0]);
    expect(firsts.size).toBe(4);
  });

  test('a malformed question gets FORMERR, another operation NOTIMP, and the next question its answer', async () => {
    const { port } = await serve();
    const header = (flags: number, questions: number) => {
      const raw = Buffer.alloc(12);
      raw.writeUInt16BE(7, 0);
      raw.writeUInt16BE(flags, 2);
      raw.writeUInt16BE(questions, 4);
      return raw;
    };
    const broken = Buffer.concat([header(0x0100, 1), Buffer.from([63, 1, 2])]);
    expect(codeOf(await ask(port, '', 'A', { raw: broken }))).toBe('FORMERR');
    expect(codeOf(await ask(port, '', 'A', { raw: header(0x0100, 0) }))).toBe('FORMERR');
    expect(codeOf(await ask(port, '', 'A', { raw: header(0x2800, 0) }))).toBe('NOTIMP');
    expect(codeOf(await ask(port, 'catalog.shop.svc.cluster.local', 'A'))).toBe('NOERROR');
  });
});

describe('other names', () => {
  test('come from the host’s resolver and are remembered', async () => {
    const resolver = await upstream('answers');
    let now = 0;
    const { port } = await serve({ upstreams: [resolver], now: () => now });
    expect(data(await ask(port, 'www.example.test', 'A'))).toEqual(['192.0.2.80']);
    now = 10_000;
    const again = await ask(port, 'www.example.test', 'A');
    expect(again.id).toBe(4711);
    expect(again.answers?.[0]).toMatchObject({ ttl: 290 });
    expect(resolver.asked()).toBe(1);
    now = 31_000;
    await ask(port, 'www.example.test', 'A');
    expect(resolver.asked()).toBe(2);
    expect(codeOf(await ask(port, 'other.example.test', 'A'))).toBe('NXDOMAIN');
    expect(data(await ask(port, 'outside.shop.svc.cluster.local', 'A'))).toEqual(['www.example.test', '192.0.2.80']);
  });

  test('SERVFAIL when there is no resolver, and at once when it has been silent', async () => {
    const none = await serve();
    expect(codeOf(await ask(none.port, 'www.example.test', 'A'))).toBe('SERVFAIL');
    const silent = await upstream('silent');
    const { port } = await serve({ upstreams: [silent] });
    const answers = await Promise.all(['a', 'b', 'c'].map((name) => ask(port, `${name}.test`, 'A')));
    expect(answers.map(codeOf)).toEqual(['SERVFAIL', 'SERVFAIL', 'SERVFAIL']);
    const asked = silent.asked();
    expect(codeOf(await ask(port, 'd.test', 'A'))).toBe('SERVFAIL');
    expect(silent.asked()).toBe(asked);
    expect(codeOf(await ask(port, 'catalog.shop.svc.cluster.local', 'A'))).toBe('NOERROR');
  });

  test('the second resolver answers when the first is silent', async () => {
    const { port } = await serve({ upstreams: [await upstream('silent'), await upstream('answers')] });
    expect(data(await ask(port, 'www.example.test', 'A'))).toEqual(['192.0.2.80']);
  });
});
