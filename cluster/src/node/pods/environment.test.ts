import type { Container, Pod, Service } from '@berth/kube/objects';
import { expect, test } from 'vitest';
import { type EnvironmentSources, environmentOf, expand, fieldOf } from './environment.ts';
import { cgroupParentOf, containerResources } from './resources.ts';
import { parseResolvConf, sandboxConfig } from './sandbox-config.ts';

const metadata = { name: 'web', namespace: 'shop', uid: 'u1', labels: { app: 'web', tier: 'front' } };
const podOf = (spec: object) => ({ apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [], ...spec } }) as Pod;
const sources: EnvironmentSources = {
  configMap: async (name: string) =>
    name === 'settings'
      ? { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { a: '1', b: '2' } }
      : undefined,
  secret: async () => undefined,
  file: async (volume, path) => `KEY='${volume} ${path}'`,
  services: () => [service],
  podIps: ['10.0.0.9'],
  hostIps: ['192.0.2.1'],
  allocatable: { cpuMillis: 4000, memory: 1024 ** 3, ephemeralStorage: 1024 ** 4 },
};
const service: Service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'order-db', namespace: 'shop' },
  spec: { clusterIP: '10.0.128.7', ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }] },
};

test.each([
  ['$(A)-$(B)', '1-$(B)'],
  ['$$(A) $A $(A', '$(A) $A $(A'],
  ['$(A)$(A)', '11'],
])('%s expands to %s', (text, expected) => {
  expect(expand(text, new Map([['A', '1']]))).toBe(expected);
});

test('variables come from links, maps and fields, the later ones winning', async () => {
  const container: Container = {
    name: 'main',
    envFrom: [{ prefix: 'P_', configMapRef: { name: 'settings' } }],
    env: [
      { name: 'P_b', value: 'own' },
      { name: 'BOTH', value: '$(P_a)$(P_b)$(ORDER_DB_SERVICE_PORT)' },
      { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      { name: 'TIER', valueFrom: { fieldRef: { fieldPath: "metadata.labels['tier']" } } },
      { name: 'MEMORY', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } },
      { name: 'FILE', valueFrom: { fileKeyRef: { volumeName: 'v', path: 'env', key: 'KEY' } } },
      { name: 'LESS', valueFrom: { fileKeyRef: { volumeName: 'v', path: 'env', key: 'X', optional: true } } },
      { name: 'MAYBE', valueFrom: { secretKeyRef: { name: 'absent', key: 'x', optional: true } } },
    ],
  };
  const found = await environmentOf(podOf({ containers: [container] }), container, sources);
  const variables = Object.fromEntries(found.map(({ key, value }) => [key, value]));
  expect(variables).toMatchObject({
    P_a: '1',
    P_b: 'own',
    BOTH: '1own5432',
    IP: '10.0.0.9',
    TIER: 'front',
    MEMORY: '1024',
    FILE: 'v env',
  });
  expect(variables).toMatchObject({
    ORDER_DB_SERVICE_HOST: '10.0.128.7',
    ORDER_DB_SERVICE_PORT_SQL: '5432',
    ORDER_DB_PORT_5432_TCP_ADDR: '10.0.128.7',
  });
  expect(variables).not.toHaveProperty('MAYBE');
});

test('a reference that leads nowhere is said in words that people know', async () => {
  const missing = (env: object) => {
    const container = { name: 'main', env: [env] } as Container;
    return environmentOf(podOf({}), container, sources);
  };
  await expect(missing({ name: 'A', valueFrom: { configMapKeyRef: { name: 'absent', key: 'x' } } })).rejects.toThrow(
    'configmap "absent" not found',
  );
  await expect(missing({ name: 'A', valueFrom: { configMapKeyRef: { name: 'settings', key: 'x' } } })).rejects.toThrow(
    "couldn't find key x in ConfigMap shop/settings",
  );
  expect(() => fieldOf('spec.absent', podOf({}), sources)).toThrow('unsupported fieldPath: spec.absent');
});

test('a pod’s cgroup is where its quality of service puts it, which its status keeps and the pod as a whole may say', () => {
  const limits = { cpu: '1', memory: '1Gi' };
  const containers = [{ name: 'main' }];
  const parentOf = (pod: object) => cgroupParentOf({ ...podOf({ containers }), ...pod } as Pod, 'abc123');
  const below = (level: string) => expect.stringMatching(new RegExp(`^/berth-abc123${level}/pod`));
  expect(parentOf({})).toEqual(below('/besteffort'));
  expect(parentOf({ spec: { containers, resources: { requests: { cpu: '1' } } } })).toEqual(below('/burstable'));
  expect(parentOf({ spec: { containers, resources: { requests: limits, limits } } })).toEqual(below(''));
  expect(parentOf({ status: { qosClass: 'Burstable' } })).toEqual(below('/burstable'));
});

test('limits become what the kernel measures', () => {
  const container: Container = {
    name: 'main',
    resources: { requests: { cpu: '250m', memory: '256Mi' }, limits: { cpu: '1500m', memory: '512Mi' } },
  };
  expect(containerResources(podOf({ containers: [container] }), container, 1024 ** 3)).toEqual({
    cpuShares: 256,
    cpuPeriod: 100_000,
    cpuQuota: 150_000,
    memoryLimit: 512 * 1024 ** 2,
    oomScoreAdj: 750,
  });
});

test('names are asked for in the cluster first, unless the pod says otherwise', () => {
  const around = {
    instance: 'abc123',
    nodeName: 'n0',
    podLogs: '/logs',
    clusterDns: '10.0.128.10',
    clusterDomain: 'cluster.local',
    hostDns: parseResolvConf('nameserver 192.0.2.53\nsearch example.com\noptions edns0\n'),
  };
  const dns = (spec: object) => sandboxConfig(podOf(spec), 0, around).dns;
  expect(dns({})).toEqual({
    servers: ['10.0.128.10'],
    searches: ['shop.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'example.com'],
    options: ['ndots:5'],
  });
  expect(dns({ hostNetwork: true })?.servers).toEqual(['192.0.2.53']);
  expect(
    dns({ dnsPolicy: 'None', dnsConfig: { nameservers: ['192.0.2.1'], options: [{ name: 'ndots', value: '2' }] } }),
  ).toEqual({
    servers: ['192.0.2.1'],
    searches: [],
    options: ['ndots:2'],
  });
  expect(
    sandboxConfig(podOf({ containers: [{ name: 'a', ports: [{ containerPort: 80, hostPort: 8080 }] }] }), 0, around),
  ).toMatchObject({
    cgroupParent: '/berth-abc123/besteffort/podu1',
    logDirectory: '/logs/shop_web_u1',
    portMappings: [{ containerPort: 80, hostPort: 8080, protocol: 'TCP' }],
  });
});
