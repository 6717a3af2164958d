import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pod } from '@berth/kube/objects';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parseRange, planAddresses } from '../addresses/index.ts';
import { aService, aSlice } from './cases.ts';
import {
  baseTable,
  computeFixed,
  computePod,
  computeService,
  RuleState,
  type Rules,
  releaseNodePorts,
} from './index.ts';
import { NodePortGate } from './node-ports.ts';

const plan = planAddresses('10.42.0.0/16');
const pods = parseRange(plan.podRange) ?? { base: 0, prefix: 32 };
const nothing = { chains: [], maps: [] };

function readable(rules: Rules) {
  return {
    elements: [...rules.elements].map(([id, data]) => (data ? `${id} : ${data}` : id)),
    chains: Object.fromEntries(rules.chains),
    memories: Object.fromEntries(rules.memories),
    nodePortMemories: rules.nodePortMemories,
    flows: [...rules.flows],
    loopback: [...rules.loopback],
  };
}

const web = {
  clusterIP: '10.42.128.20',
  ports: [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' as const }],
};
const http = [{ name: 'http', port: 8080 }];

describe('rules of a service', () => {
  test.each([
    ['cluster-ip', aService('web', web), [aSlice('web', http, ['10.42.0.5', '10.42.0.6'])]],
    [
      'node-port-two-ports-udp',
      aService('web', {
        type: 'NodePort',
        clusterIP: '10.42.128.21',
        ports: [
          { name: 'http', port: 80, nodePort: 30_080, protocol: 'TCP' },
          { name: 'stats', port: 8125, nodePort: 30_125, protocol: 'UDP' },
        ],
      }),
      [
        aSlice('web', http, ['10.42.0.5']),
        aSlice('web', [{ name: 'stats', port: 8125, protocol: 'UDP' }], ['10.42.0.7', '10.42.0.5']),
      ],
    ],
    [
      'affinity',
      aService('web', {
        ...web,
        type: 'NodePort',
        ports: [{ name: 'http', port: 80, nodePort: 30_080 }],
        sessionAffinity: 'ClientIP',
        sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } },
      }),
      [aSlice('web', http, ['10.42.0.5', '10.42.0.6'])],
    ],
    [
      'external-addresses-and-outside-endpoint',
      aService(
        'web',
        { ...web, type: 'LoadBalancer', externalIPs: ['198.51.100.7'] },
        { loadBalancer: { ingress: [{ ip: '198.51.100.8' }, { hostname: 'elsewhere.example' }] } },
      ),
      [aSlice('web', http, ['203.0.113.9'])],
    ],
  ])('%s', async (name, service, slices) => {
    const text = `${JSON.stringify(readable(computeService(service, slices, pods)), null, 2)}\n`;
    await expect(text).toMatchFileSnapshot(`golden/${name}.golden.json`);
  });

  test('ready endpoints are preferred, then those that go down but serve, then none', () => {
    const gone = { address: '10.42.0.8', conditions: { ready: false, serving: false, terminating: true } };
    const going = { address: '10.42.0.7', conditions: { ready: false, serving: true, terminating: true } };
    const unready = { address: '10.42.0.9', conditions: { ready: false, serving: false } };
    const targets = (...endpoints: Parameters<typeof aSlice>[2]) =>
      [...computeService(aService('web', web), [aSlice('web', http, endpoints)], pods).elements]
        .filter(([id]) => id.startsWith('endpoints-tcp '))
        .map(([, data]) => data);
    expect(targets('10.42.0.5', going, unready)).toEqual(['10.42.0.5 . 8080']);
    expect(targets(going, gone, unready)).toEqual(['10.42.0.7 . 8080']);
    expect(targets(gone, unready)).toEqual([]);
  });

  test('nothing for headless, external-name and endpointless services, nor for addresses that are none', () => {
    const slices = [aSlice('web', http, ['10.42.0.5'])];
    const empty = (service: ReturnType<typeof aService>, some = slices) =>
      computeService(service, some, pods).elements.size;
    expect(empty(aService('web', { ...web, clusterIP: 'None' }))).toBe(0);
    expect(empty(aService('web', { type: 'ExternalName', externalName: 'a.example' }))).toBe(0);
    expect(empty(aService('web', web), [])).toBe(0);
    expect(empty(aService('web', web), [aSlice('web', http, ['10.42.0.5 }; flush ruleset'])])).toBe(0);
    expect(empty(aService('web', { ...web, clusterIP: '10.1.1.1 . tcp' }))).toBe(0);
  });

  test('host ports lead to their pod while it lives', () => {
    const pod: Pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', namespace: 'shop' },
      spec: {
        containers: [
          {
            name: 'c',
            ports: [
              { containerPort: 80, hostPort: 8080 },
              { containerPort: 53, hostPort: 53, hostIP: '127.0.0.1', protocol: 'UDP' },
            ],
          },
        ],
      },
      status: { phase: 'Running', podIP: '10.42.0.5' },
    };
    expect(readable(computePod(pod, pods)).elements).toEqual([
      'nodeports tcp . 8080 : goto np-1',
      'nodeport-endpoints-tcp 8080 . 0 : 10.42.0.5 . 80',
      'hairpin 10.42.0.5 . 10.42.0.5',
      'services 127.0.0.1 . udp . 53 : goto lb-1',
      'endpoints-udp 127.0.0.1 . 53 . 0 : 10.42.0.5 . 53',
    ]);
    expect(computePod({ ...pod, status: { ...pod.status, phase: 'Failed' } }, pods).elements.size).toBe(0);
  });
});

describe('transactions', () => {
  const rulesOf = (...addresses: string[]) =>
    computeService(aService('web', web), [aSlice('web', http, addresses)], pods);

  test('the whole table', async () => {
    const state = new RuleState('abc123');
    state.set('web', rulesOf('10.42.0.5', '10.42.0.6'));
    state.set(
      '',
      computeFixed([
        { address: plan.dnsAddress, port: 53, protocol: 'udp', endpoint: { address: plan.hostAddress, port: 10_053 } },
      ]),
    );
    const { script } = state.whole(baseTable('abc123', plan), {
      chains: ['lb-9', 'dispatch'],
      maps: ['aff-old', 'services'],
    });
    await expect(script).toMatchFileSnapshot('golden/whole-table.golden.nft');
  });

  test('a change costs what changed', async () => {
    const state = new RuleState('abc123');
    for (let n = 0; n < 500; n += 1) {
      const service = aService(`s${n}`, { ...web, clusterIP: `10.42.129.${n % 250}`, ports: [{ port: 1000 + n }] });
      state.set(`s${n}`, computeService(service, [aSlice(`s${n}`, [{ port: 8080 }], ['10.42.0.5'])], pods));
    }
    state.set('web', rulesOf('10.42.0.5', '10.42.0.6'));
    state.whole(baseTable('abc123', plan), nothing).commit();
    expect(state.difference().script).toBe('');
    state.set('web', rulesOf('10.42.0.5', '10.42.0.7', '10.42.0.8'));
    const change = state.difference();
    await expect(change.script).toMatchFileSnapshot('golden/one-change.golden.nft');
    change.commit();
    state.set('web', undefined);
    const end = state.difference();
    expect(end.script).not.toContain('10.42.129');
    // s1 to s500 still need the hairpin of this endpoint.
    expect(end.script).not.toContain('10.42.0.5 . 10.42.0.5');
    end.commit();
    state.set('web', undefined);
    expect(state.difference().script).toBe('');
  });

  test('two who want the same entrance: the first has it, the second when the first is gone', () => {
    const state = new RuleState('abc123');
    const entrance = (script: string) => /services \{ (10\.42\.128\.20[^}]*) \}/.exec(script)?.[1];
    state.set('first', rulesOf('10.42.0.5'));
    state.set('second', rulesOf('10.42.0.6', '10.42.0.7'));
    const both = state.whole(baseTable('abc123', plan), nothing);
    both.commit();
    expect(entrance(both.script)).toBe('10.42.128.20 . tcp . 80 : goto lb-1');
    state.set('first', undefined);
    const rest = state.difference();
    expect(rest.script).toContain('add element ip berth-abc123 services { 10.42.128.20 . tcp . 80 : goto lb-2 }');
    expect(rest.script).toContain('10.42.128.20 . 80 . 0 : 10.42.0.6 . 8080');
  });

  test('UDP flows to endpoints that are gone are named, TCP ones are not', () => {
    const state = new RuleState('abc123');
    const udp = (...addresses: string[]) =>
      computeService(
        aService('dns', {
          type: 'NodePort',
          clusterIP: '10.42.128.53',
          ports: [{ port: 53, nodePort: 30_053, protocol: 'UDP' }],
        }),
        [aSlice('dns', [{ port: 5353, protocol: 'UDP' }], addresses)],
        pods,
      );
    state.set('dns', udp('10.42.0.5', '10.42.0.6'));
    state.set('web', rulesOf('10.42.0.5', '10.42.0.6'));
    state.difference().commit();
    state.set('dns', udp('10.42.0.6'));
    state.set('web', rulesOf('10.42.0.6'));
    expect(state.difference().endedFlows).toEqual(['10.42.128.53 53 10.42.0.5', ' 30053 10.42.0.5']);
  });
});

describe('ports of the host', () => {
  test('belong to the first instance that takes them, until it lets go or is gone', async () => {
    const root = await mkdtemp(join(tmpdir(), 'berth-ports-'));
    onTestFinished(() => rm(root, { recursive: true, force: true }));
    const [one = '', two = '', claims = ''] = ['one', 'two', 'claims'].map((name) => join(root, name));
    await Promise.all([mkdir(one), mkdir(two)]);
    const [first, second] = [new NodePortGate(one, claims), new NodePortGate(two, claims)];
    const rules = (nodePort: number) => {
      const service = aService('web', { ...web, type: 'NodePort', ports: [{ name: 'http', port: 80, nodePort }] });
      return computeService(service, [aSlice('web', http, ['10.42.0.5'])], pods);
    };
    const entrances = async (gate: NodePortGate, wanted: Rules | undefined, owner = 'service shop/web') => {
      const { rules: admitted, conflicts } = await gate.admit(owner, wanted);
      const ids = [...(admitted?.elements.keys() ?? [])].filter((id) => /^(services|nodeports) /.test(id));
      return { ids, conflicts: conflicts.map(({ port }) => port) };
    };
    const cluster = 'services 10.42.128.20 . tcp . 80';
    expect(await entrances(first, rules(30_080))).toEqual({ ids: [cluster, 'nodeports tcp . 30080'], conflicts: [] });
    expect(await entrances(second, rules(30_080))).toEqual({ ids: [cluster], conflicts: ['tcp 30080'] });
    expect(await entrances(second, rules(30_080))).toEqual({ ids: [cluster], conflicts: [] });
    expect(second.waiting).toEqual(['service shop/web']);
    expect((await entrances(new NodePortGate(one, claims), rules(30_080))).conflicts).toEqual([]);
    await first.admit('service shop/web', rules(30_081));
    expect((await entrances(second, rules(30_080))).ids).toContain('nodeports tcp . 30080');
    expect(second.waiting).toEqual([]);
    await second.admit('service shop/web', undefined);
    expect(await readdir(claims)).toEqual(['tcp-30081']);
    await rm(one, { recursive: true });
    expect((await entrances(second, rules(30_081))).ids).toContain('nodeports tcp . 30081');
    await releaseNodePorts(two, claims);
    expect(await readdir(claims)).toEqual([]);
  });
});
