import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { resources } from '@berth/kube/objects';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { networkFixture, type TestPod } from './fixture.ts';
import type { Network } from './network.ts';
import { diagnoseNetwork } from './pods/index.ts';
import { aService, aSlice } from './services/cases.ts';
import { listTable, run, tableName } from './services/index.ts';

const http = [{ name: 'http', port: 8080 }];

/** The first line that the server says, or the error's code. */
function ask(host: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 5_000 });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.on('timeout', () => socket.destroy(new Error('timeout')));
    socket.on('data', (data) => {
      socket.destroy();
      resolve(data.toString().trim());
    });
  });
}

async function until(what: string, condition: () => Promise<boolean> | boolean): Promise<void> {
  const end = Date.now() + 15_000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`${what} did not come about`);
    await delay(20);
  }
}

async function names(times: number, once: () => Promise<string>): Promise<Set<string>> {
  const found = new Set<string>();
  for (let round = 0; round < times; round += 1) found.add((await once()).split(' ')[0] ?? '');
  return found;
}

const foreign =
  'table inet foreign-bt {\n chain f {\n type filter hook forward priority 5; policy accept;\n counter\n }\n}\n';
const foreignRules = () => run('nft', ['-s', 'list', 'table', 'inet', 'foreign-bt']);

/** What of an instance can be found on the machine. */
async function tracesOf(instance: string, range: string): Promise<string[]> {
  const net = range.replace(/0\.0\/16$/, '');
  const outputs = await Promise.all([
    run('nft', ['list', 'tables']),
    run('ip', ['-br', 'link']),
    run('ip', ['-br', 'address']),
    run('ip', ['-4', 'route', 'show', 'table', 'all']),
    run('ps', ['-eo', 'args']),
    run('ls', ['/run/berth/ranges']),
  ]);
  const lines = outputs.join('\n').split('\n');
  return lines.filter((line) => line.includes(instance) || line.includes(` ${net}`) || line.startsWith(net));
}

describe('the network of an instance', () => {
  let before: string;
  let fixture: Awaited<ReturnType<typeof networkFixture>>;
  let network: Network;
  let a: TestPod;
  let b: TestPod;
  const vip = (last: number) => fixture.setup.plan.serviceRange.replace(/0\/17$/, String(last));
  const { services, endpointSlices } = resources;

  async function publish(
    name: string,
    ...[spec, ports, endpoints]: [
      Parameters<typeof aService>[1],
      Parameters<typeof aSlice>[1],
      Parameters<typeof aSlice>[2],
    ]
  ) {
    fixture.client.put(services, aService(name, spec));
    fixture.client.put(endpointSlices, aSlice(name, ports, endpoints));
    await delay(0);
    await network.settled();
  }

  beforeAll(async () => {
    await run('nft', ['-f', '-'], foreign);
    before = await foreignRules();
    fixture = await networkFixture();
    [a, b] = await Promise.all([fixture.addPod('a'), fixture.addPod('b')]);
    network = await fixture.start();
  });
  afterAll(async () => {
    const { instance, plan } = fixture.setup;
    const present = await tracesOf(instance, plan.range);
    await fixture[Symbol.asyncDispose]();
    const rules = await foreignRules();
    await run('nft', ['delete', 'table', 'inet', 'foreign-bt']);
    expect(present.length).toBeGreaterThan(5);
    expect(await tracesOf(instance, plan.range)).toEqual([]);
    expect(rules).toBe(before);
  });

  test('a service spreads connections over its pods, from the host and from a pod, itself included', async () => {
    const address = vip(20);
    await publish('web', { clusterIP: address, ports: [{ name: 'http', port: 80 }] }, http, [a.address, b.address]);
    expect(await names(40, () => ask(address, 80))).toEqual(new Set(['a', 'b']));
    const fromPod = () => a.exec('busybox', 'nc', '-w', '3', address, '80');
    const said: string[] = [];
    for (let round = 0; round < 24; round += 1) said.push((await fromPod()).trim());
    // Between pods the source is kept; to itself it is the gateway's, or the pod would drop the packet.
    expect(new Set(said)).toEqual(new Set([`a ${fixture.setup.nodes[0]?.gateway}`, `b ${a.address}`]));
  });

  test('a node port answers on 127.0.0.1, on the host’s addresses, and to pods', async () => {
    const spec = {
      type: 'NodePort',
      clusterIP: vip(21),
      ports: [{ name: 'http', port: 80, nodePort: 32_741 }],
    } as const;
    await publish('node', { ...spec, ports: [...spec.ports] }, http, [a.address, b.address]);
    expect(await names(30, () => ask('127.0.0.1', 32_741))).toEqual(new Set(['a', 'b']));
    expect(await ask(fixture.setup.plan.hostAddress, 32_741)).toMatch(/^[ab] /);
    expect(await b.exec('busybox', 'nc', '-w', '3', fixture.setup.plan.hostAddress, '32741')).toMatch(/^[ab] /);
    fixture.client.remove(services, aService('node', {}));
    await delay(0);
    await network.settled();
    expect(await ask('127.0.0.1', 32_741)).toBe('ECONNREFUSED');
  });

  test('a host port leads to its pod, until the pod is gone', async () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'a', namespace: 'shop' },
      spec: { containers: [{ name: 'c', ports: [{ containerPort: 8080, hostPort: 32_743 }] }] },
      status: { phase: 'Running', podIP: a.address },
    };
    fixture.client.put(resources.pods, pod);
    await delay(0);
    await network.settled();
    expect(await ask('127.0.0.1', 32_743)).toMatch(/^a /);
    expect(await b.exec('busybox', 'nc', '-w', '3', fixture.setup.plan.hostAddress, '32743')).toBe(`a ${b.address}\n`);
    fixture.client.remove(resources.pods, pod);
    await delay(0);
    await network.settled();
    expect(await ask('127.0.0.1', 32_743)).toBe('ECONNREFUSED');
  });

  test('loopback services of the host stay out of reach of pods', async () => {
    const server = createServer((socket) => socket.end('private')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    // A pod with rights over its own network sends what is for 127.0.0.1 to the host, over a link that lets it in.
    const gateway = fixture.setup.nodes[0]?.gateway ?? '';
    const steps = [
      'ip route del local 127.0.0.0/8 table local',
      'ip route del local 127.0.0.1 table local',
      'ip addr del 127.0.0.1/8 dev lo',
      'echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet',
      `ip route add 127.0.0.1 via ${gateway} dev eth0`,
    ];
    await a.exec('sh', '-c', steps.join('; '));
    expect(await a.exec('ip', 'route', 'get', '127.0.0.1')).toContain(`via ${gateway}`);
    expect(await a.exec('busybox', 'nc', '-w', '1', '127.0.0.1', String(port))).not.toContain('private');
    server.close();
  });

  test('without endpoints a connection is refused at once; with one again it is served', async () => {
    const address = vip(22);
    await publish('none', { clusterIP: address, ports: [{ name: 'http', port: 80 }] }, http, []);
    expect(await ask(address, 80)).toBe('ECONNREFUSED');
    expect(await b.exec('busybox', 'nc', '-w', '3', address, '80')).toContain('refused');
    await publish('none', { clusterIP: address, ports: [{ name: 'http', port: 80 }] }, http, [b.address]);
    expect(await ask(address, 80)).toMatch(/^b /);
  });

  test('a pod reaches an endpoint that is the host itself, as the API server is', async () => {
    const host = fixture.setup.plan.hostAddress;
    const server = createServer((socket) => socket.end(`api ${socket.remoteAddress}`)).listen(0, host);
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    await publish(
      'api',
      { clusterIP: vip(1), ports: [{ name: 'https', port: 443 }] },
      [{ name: 'https', port }],
      [host],
    );
    expect(await b.exec('busybox', 'nc', '-w', '3', vip(1), '443')).toBe(`api ${b.address}`);
    expect(await ask(vip(1), 443)).toMatch(/^api /);
    server.close();
  });

  test('session affinity keeps a client with its pod when others come, and lets go when its pod goes', async () => {
    const address = vip(23);
    const spec = { clusterIP: address, sessionAffinity: 'ClientIP' as const, ports: [{ name: 'http', port: 80 }] };
    await publish('sticky', spec, http, [a.address]);
    expect(await names(5, () => ask(address, 80))).toEqual(new Set(['a']));
    await publish('sticky', spec, http, [a.address, b.address]);
    expect(await names(20, () => ask(address, 80))).toEqual(new Set(['a']));
    await publish('sticky', spec, http, [b.address]);
    expect(await names(5, () => ask(address, 80))).toEqual(new Set(['b']));
    await publish('sticky', { ...spec, sessionAffinityConfig: { clientIP: { timeoutSeconds: 77 } } }, http, [
      b.address,
    ]);
    expect(await ask(address, 80)).toMatch(/^b /);
    fixture.client.remove(services, aService('sticky', {}));
    await delay(0);
    await network.settled();
    const left = await listTable(tableName(fixture.setup.instance));
    expect([...(left?.maps ?? []), ...(left?.chains ?? [])].filter((name) => /^(aff|stick)-/.test(name))).toEqual([]);
  });

  test('a UDP flow moves on when its endpoint goes', async () => {
    const address = vip(24);
    const spec = { clusterIP: address, ports: [{ port: 53, protocol: 'UDP' as const }] };
    await publish('udp', spec, [{ port: 8080, protocol: 'UDP' }], [a.address]);
    const socket = createSocket('udp4');
    // One socket and thus one flow all the time.
    const say = async () => {
      const answer = once(socket, 'message') as Promise<[Buffer]>;
      socket.send('?', 53, address);
      return String((await answer)[0]).split(' ')[0];
    };
    expect(await say()).toBe('a');
    await publish('udp', spec, [{ port: 8080, protocol: 'UDP' }], [b.address]);
    expect(await say()).toBe('b');
    socket.close();
  });

  test('names resolve in a pod by the C library and by BusyBox', async () => {
    const address = vip(25);
    fixture.client.put(services, aService('catalog', { clusterIP: address, ports: [{ name: 'http', port: 80 }] }));
    const file = join(fixture.dataDir, 'network/dns/records/shop.json');
    await until('the record', async () => (await readFile(file, 'utf8').catch(() => '')).includes('"catalog"'));
    await until('the name', async () => (await a.exec('getent', 'ahostsv4', 'catalog')).includes(address));
    expect(await b.exec('getent', 'ahostsv4', 'catalog.shop.svc')).toContain(address);
    expect(await b.exec('getent', 'hosts', address)).toContain('catalog.shop.svc.cluster.local');
    expect(await b.exec('busybox', 'nslookup', 'catalog.shop.svc.cluster.local')).toContain(address);
    expect(await b.exec('busybox', 'nslookup', 'nobody.shop.svc.cluster.local')).toContain('NXDOMAIN');
    expect(await b.exec('getent', 'ahostsv4', 'kube-dns.kube-system')).toContain(fixture.setup.plan.dnsAddress);
    // No resolver behind ours: an answer comes all the same.
    expect(await b.exec('busybox', 'nslookup', 'www.example.test')).toContain('SERVFAIL');
  });

  test('after a crash everything goes on answering, and the next start adopts it without a gap', async () => {
    const address = vip(26);
    const spec = { clusterIP: address, ports: [{ name: 'http', port: 80 }] };
    await publish('steady', spec, http, [a.address, b.address]);
    const socket = connect(80, address);
    await once(socket, 'data');
    fixture.stop();
    // What happened while nobody watched.
    fixture.client.put(endpointSlices, aSlice('steady', http, [b.address]));
    let failures = 0;
    let asked = 0;
    let asking = true;
    const traffic = (async () => {
      while (asking) {
        asked += 1;
        if (!/^[ab] /.test(await ask(address, 80))) failures += 1;
      }
    })();
    expect(await b.exec('getent', 'ahostsv4', 'catalog')).toContain(vip(25));
    const again = await fixture.start();
    expect(again.dnsPid).toBe(network.dnsPid);
    network = again;
    asking = false;
    await traffic;
    expect({ failures, some: asked > 0 }).toEqual({ failures: 0, some: true });
    expect(await names(10, () => ask(address, 80))).toEqual(new Set(['b']));
    const echoed = once(socket, 'data') as Promise<[Buffer]>;
    socket.write('still here');
    expect(String((await echoed)[0])).toBe('still here');
    socket.destroy();
  });

  test('a second instance shares nothing: addresses, names, rules; a port of the host stays with the first', async () => {
    const ports = [{ name: 'http', port: 80, nodePort: 32_742 }];
    await publish('both', { type: 'NodePort', clusterIP: vip(28), ports }, http, [a.address]);
    await using other = await networkFixture();
    expect(other.setup.plan.range).not.toBe(fixture.setup.plan.range);
    const c = await other.addPod('c');
    const network2 = await other.start();
    const address = other.setup.plan.serviceRange.replace(/0\/17$/, '28');
    other.client.put(services, aService('both', { type: 'NodePort', clusterIP: address, ports }));
    other.client.put(endpointSlices, aSlice('both', http, [c.address]));
    await delay(0);
    await network2.settled();
    expect(await names(10, () => ask('127.0.0.1', 32_742))).toEqual(new Set(['a']));
    expect(await ask(address, 80)).toMatch(/^c /);
    expect(await ask(vip(28), 80)).toMatch(/^a /);
    await until('the name', async () => (await c.exec('getent', 'ahostsv4', 'both')).includes(address));
    expect(await a.exec('getent', 'ahostsv4', 'both')).toContain(vip(28));
    const { items } = await other.client.list(resources.events);
    expect(items).toMatchObject([{ reason: 'NodePortTaken', involvedObject: { name: 'both' } }]);
  });

  test('another version of the DNS process takes over unnoticed by who asks twice', async () => {
    const resolver = new Resolver({ timeout: 300, tries: 3 });
    resolver.setServers([`${fixture.setup.plan.dnsAddress}:53`]);
    let failures = 0;
    let asked = 0;
    let asking = true;
    const traffic = (async () => {
      while (asking) {
        asked += 1;
        await resolver.resolve4('catalog.shop.svc.cluster.local').catch(() => {
          failures += 1;
        });
      }
    })();
    fixture.stop();
    // Other resolvers are another configuration.
    network = await fixture.start([{ address: '127.0.0.1', port: 9 }]);
    asking = false;
    await traffic;
    expect({ failures, some: asked > 0 }).toEqual({ failures: 0, some: true });
  });

  test('the DNS process comes back when it is killed, and the table when somebody flushes it', async () => {
    process.kill(network.dnsPid, 'SIGKILL');
    await until('the name again', async () => (await a.exec('getent', 'ahostsv4', 'catalog')).includes(vip(25)));
    await run('nft', ['delete', 'table', 'ip', tableName(fixture.setup.instance)]);
    await publish('other', { clusterIP: vip(27), ports: [{ name: 'http', port: 80 }] }, http, [a.address]);
    await until('the address again', async () => (await ask(vip(26), 80)).startsWith('b '));
  });

  test('the diagnosis names foreign chains that drop forwarded packets and changes nothing', async () => {
    const table =
      'table inet foreign-bt-drop {\n chain drops {\n type filter hook forward priority 10; policy drop;\n accept\n }\n}\n';
    await run('nft', ['-f', '-'], table);
    try {
      const rules = await run('nft', ['-s', 'list', 'ruleset']);
      const found = await diagnoseNetwork();
      expect(found.missing).toEqual([]);
      expect(found.foreignDrops).toContainEqual({ family: 'inet', table: 'foreign-bt-drop', chain: 'drops' });
      expect(await run('nft', ['-s', 'list', 'ruleset'])).toBe(rules);
    } finally {
      await run('nft', ['delete', 'table', 'inet', 'foreign-bt-drop']);
    }
  });
});
