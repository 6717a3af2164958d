import { setTimeout as delay } from 'node:timers/promises';
import { resources } from '@berth/kube/objects';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDoor } from './door/index.ts';
import { networkFixture, type TestPod } from './fixture.ts';
import { setNodeLink } from './pods/index.ts';
import { aService, aSlice } from './services/cases.ts';
import { inside, run } from './services/index.ts';

const nodePort = 32_751;

/** Two nodes in network namespaces of their own: one with the pods a and b, one with c. */
describe('nodes apart', () => {
  let fixture: Awaited<ReturnType<typeof networkFixture>>;
  let pods: Record<'a' | 'b' | 'c', TestPod>;
  let vip: string;
  const node = (index: number) => {
    const { apart } = fixture.setup.nodes[index] ?? {};
    if (!apart) throw new Error('no such node');
    return apart;
  };
  /** What answers whoever may run programs: `name address-of-the-asker`, or what went wrong. */
  const ask = async (from: Pick<TestPod, 'exec'>, address: string, port: number) =>
    (await from.exec('busybox', 'nc', '-w', '3', address, String(port))).trim();
  const onNode = (index: number): Pick<TestPod, 'exec'> => {
    const { run: there } = inside(node(index).namespace);
    return { exec: (...command) => there('sh', ['-c', '"$0" "$@" 2>&1 || true', ...command]) };
  };
  const onHost: Pick<TestPod, 'exec'> = {
    exec: (...command) => run('sh', ['-c', '"$0" "$@" 2>&1 || true', ...command]),
  };
  const namesOf = async (from: Pick<TestPod, 'exec'>, address: string, port: number) => {
    const said: string[] = [];
    for (let round = 0; round < 30; round += 1) said.push((await ask(from, address, port)).replace(/ .*/, ''));
    return new Set(said);
  };

  beforeAll(async () => {
    fixture = await networkFixture({ apart: 2 });
    const [a, b, c] = await Promise.all([fixture.addPod('a', 0), fixture.addPod('b', 0), fixture.addPod('c', 1)]);
    pods = { a, b, c };
    const network = await fixture.start();
    vip = fixture.setup.plan.serviceRange.replace(/0\/17$/, '30');
    const ports = [{ name: 'http', port: 80, nodePort }];
    fixture.client.put(resources.services, aService('web', { type: 'NodePort', clusterIP: vip, ports }));
    const endpoints = [a, b, c].map(({ address }) => address);
    fixture.client.put(resources.endpointSlices, aSlice('web', [{ name: 'http', port: 8080 }], endpoints));
    const ofC = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'c', namespace: 'shop' } };
    const containers = [{ name: 'c', ports: [{ containerPort: 8080, hostPort: nodePort + 1 }] }];
    fixture.client.put(resources.pods, {
      ...ofC,
      spec: { nodeName: 'n1', containers },
      status: { phase: 'Running', podIP: c.address },
    });
    await delay(0);
    await network.settled();
  });
  afterAll(async () => {
    const { instance } = fixture.setup;
    await fixture[Symbol.asyncDispose]();
    const left = await Promise.all([
      run('ip', ['-br', 'link']),
      run('ip', ['netns', 'list']),
      run('nft', ['list', 'tables']),
    ]);
    expect(left.join('\n')).not.toContain(instance);
  });

  test('pods of two nodes reach each other as who they are', async () => {
    const { a, c } = pods;
    expect(await ask(a, c.address, 8080)).toBe(`c ${a.address}`);
    expect(await ask(c, a.address, 8080)).toBe(`a ${c.address}`);
    expect(await ask(onHost, c.address, 8080)).toBe(`c ${fixture.setup.plan.hostAddress}`);
    expect(await ask(onNode(0), c.address, 8080)).toBe(`c ${node(0).address}`);
  });

  test('a service leads to the pods of all nodes, from pods, from nodes and from the host', async () => {
    const all = new Set(['a', 'b', 'c']);
    for (const from of [pods.a, pods.c, onNode(0), onNode(1), onHost]) {
      expect(await namesOf(from, vip, 80)).toEqual(all);
    }
  });

  test('a node port answers at every node, whoever asks, and on 127.0.0.1 of each', async () => {
    const all = new Set(['a', 'b', 'c']);
    const addresses = [node(0).address, node(1).address, fixture.setup.plan.hostAddress];
    for (const from of [pods.a, pods.c, onHost]) {
      for (const address of addresses) expect(await namesOf(from, address, nodePort)).toEqual(all);
    }
    for (const from of [onNode(0), onNode(1), onHost]) expect(await namesOf(from, '127.0.0.1', nodePort)).toEqual(all);
  });

  test('a host port is its node’s own', async () => {
    const { a, c } = pods;
    expect(await ask(a, node(1).address, nodePort + 1)).toMatch(/^c /);
    expect(await ask(onHost, node(1).address, nodePort + 1)).toMatch(/^c /);
    expect(await ask(c, node(0).address, nodePort + 1)).toContain('refused');
    expect(await ask(onHost, '127.0.0.1', nodePort + 1)).toContain('refused');
  });

  test('a node whose link is down is cut off, its own pods are not from it, and all is as before with the link up', async () => {
    const { a, b, c } = pods;
    const door = openDoor(node(1).namespace);
    await setNodeLink(fixture.setup.instance, 1, 'down');
    expect(await ask(a, c.address, 8080)).not.toContain('c ');
    expect(await ask(a, b.address, 8080)).toBe(`b ${a.address}`);
    const socket = await door.dial({ host: c.address, port: 8080 });
    const [line] = await socket.take(1).toArray();
    expect(String(line)).toBe(`c ${fixture.setup.nodes[1]?.gateway}\n`);
    socket.destroy();
    await expect(door.dial({ host: c.address, port: 1 })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await expect(door.dial({ host: a.address, port: 8080 })).rejects.toMatchObject({ code: /EHOSTUNREACH|ETIMEDOUT/ });

    await setNodeLink(fixture.setup.instance, 1, 'up');
    await expect.poll(() => ask(a, c.address, 8080), { timeout: 20_000 }).toBe(`c ${a.address}`);
    door.close();
    await expect(door.dial({ host: c.address, port: 8080 })).rejects.toThrow('is closed');
  });
});
