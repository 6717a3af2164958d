import type { KubeClient } from '@berth/kube/client';
import { type Pod, resources, type Service } from '@berth/kube/objects';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { memoryStore } from '../../store/index.ts';
import { startTestApi, type TestApi } from '../testing.ts';

let server: TestApi;
let admin: KubeClient;
const masters = { name: 'root', groups: ['system:masters'] };

beforeAll(async () => {
  server = await startTestApi();
  admin = server.api.client(masters);
  const metadata = { name: 'default', namespace: 'default' };
  await admin.create(resources.serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata });
});
afterAll(async () => await server[Symbol.asyncDispose]());

const pod = (name: string, spec: object = {}, namespace = 'default'): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace },
  spec: { containers: [{ name: 'main', image: 'example/main:1' }], ...spec },
});

describe('pods', () => {
  test('find the token, the authority and the namespace of their service account', async () => {
    const { spec } = await admin.create(resources.pods, pod('tokened'));
    expect(spec?.serviceAccountName).toBe('default');
    const volume = spec?.volumes?.[0];
    expect(volume?.name).toMatch(/^kube-api-access-[a-z0-9]{5}$/);
    expect(volume?.projected?.sources?.map((source) => Object.keys(source)[0])).toEqual([
      'serviceAccountToken',
      'configMap',
      'downwardAPI',
    ]);
    const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount';
    expect(spec?.containers[0]?.volumeMounts).toEqual([{ name: volume?.name, mountPath, readOnly: true }]);
    const published = await admin.get(resources.configMaps, { namespace: 'default', name: 'kube-root-ca.crt' });
    expect(published.data?.['ca.crt']).toBe(server.certificates.authority.cert);
  });

  test('say no to the token, or to an account that is not there', async () => {
    const { spec } = await admin.create(resources.pods, pod('bare', { automountServiceAccountToken: false }));
    expect(spec?.volumes).toBeUndefined();
    const missing = admin.create(resources.pods, pod('lost', { serviceAccountName: 'nobody' }));
    await expect(missing).rejects.toMatchObject({
      code: 'Forbidden',
      message: expect.stringMatching(/"nobody" not found/),
    });
  });

  test('get their priority from its class, and tolerate a lost node for five minutes', async () => {
    const { spec } = await admin.create(resources.pods, pod('urgent', { priorityClassName: 'system-node-critical' }));
    expect(spec).toMatchObject({ priority: 2_000_001_000, preemptionPolicy: 'PreemptLowerPriority' });
    expect(spec?.tolerations?.map((one) => [one.key, one.tolerationSeconds])).toEqual([
      ['node.kubernetes.io/not-ready', 300],
      ['node.kubernetes.io/unreachable', 300],
    ]);
    // An update that names only another one adds it.
    const own = { key: 'own', operator: 'Exists', effect: 'NoSchedule' } as const;
    const urgent = await admin.get(resources.pods, { namespace: 'default', name: 'urgent' });
    const updated = await admin.update(resources.pods, {
      ...urgent,
      spec: { ...urgent.spec, tolerations: [own] },
    } as Pod);
    expect(updated.spec?.tolerations?.map(({ key }) => key)).toEqual([
      'own',
      'node.kubernetes.io/not-ready',
      'node.kubernetes.io/unreachable',
    ]);
    const unknown = admin.create(resources.pods, pod('unknown', { priorityClassName: 'none' }));
    await expect(unknown).rejects.toMatchObject({ code: 'Forbidden' });
  });
});

describe('namespaces', () => {
  test('that are going take nothing new, and some never go', async () => {
    await admin.create(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'going' } });
    const left = await admin.delete(resources.namespaces, { name: 'going' });
    expect(left?.status).toMatchObject({ phase: 'Terminating' });
    const late = admin.create(resources.pods, pod('late', {}, 'going'));
    await expect(late).rejects.toMatchObject({
      code: 'Forbidden',
      details: { causes: [{ reason: 'NamespaceTerminating' }] },
    });
    await expect(admin.delete(resources.namespaces, { name: 'default' })).rejects.toMatchObject({ code: 'Forbidden' });
  });
});

test('the authority that pods trust follows the one of the server', async () => {
  const store = memoryStore();
  await using first = await startTestApi({ store: unclosable(store) });
  const before = first.api.client(masters);
  await before.create(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  const key = { namespace: 'shop', name: 'kube-root-ca.crt' };
  const { authority } = first.certificates;
  await expect.poll(() => before.get(resources.configMaps, key)).toMatchObject({ data: { 'ca.crt': authority.cert } });
  await first.api.close();
  await using second = await startTestApi({ store });
  const after = second.api.client(masters);
  const { cert } = second.certificates.authority;
  expect(cert).not.toBe(authority.cert);
  await expect.poll(() => after.get(resources.configMaps, key)).toMatchObject({ data: { 'ca.crt': cert } });
});

test('a daemon set says how often its template changed', async () => {
  const labels = { app: 'd' };
  const set = (image: string, minReadySeconds = 0) => ({
    apiVersion: 'apps/v1' as const,
    kind: 'DaemonSet' as const,
    metadata: { name: 'counted', namespace: 'default' },
    spec: {
      minReadySeconds,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'main', image }] } },
    },
  });
  const counted = ({ metadata }: { metadata?: { annotations?: Record<string, string> } }) =>
    metadata?.annotations?.['deprecated.daemonset.template.generation'];
  expect(counted(await admin.create(resources.daemonSets, set('example/main:1')))).toBe('1');
  expect(counted(await admin.update(resources.daemonSets, set('example/main:1', 5)))).toBe('1');
  expect(counted(await admin.update(resources.daemonSets, set('example/main:2', 5)))).toBe('2');
});

describe('services', () => {
  const service = (name: string, spec: object): Service =>
    ({ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'default' }, spec }) as Service;
  const ports = [{ port: 80 }];

  test('get none of what is for those who ask for one, as long as there is another', async () => {
    const made = await admin.create(resources.services, service('behind', { type: 'NodePort', ports }));
    // Of 2,768 node ports 86 are kept, of a /17 of addresses 256.
    expect(made.spec?.ports?.[0]?.nodePort).toBeGreaterThanOrEqual(30_086);
    const [, , third, fourth] = (made.spec?.clusterIP ?? '').split('.').map(Number);
    expect([(third ?? 0) * 256 + (fourth ?? 0)]).toSatisfy(([host = 0]: number[]) => (host & 0x7fff) > 256);
    await admin.delete(resources.services, { namespace: 'default', name: 'behind' });
  });

  test('get an address and node ports of their own, however many come at once', async () => {
    const made = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        admin.create(resources.services, service(`many-${i}`, { type: 'NodePort', ports })),
      ),
    );
    expect(new Set(made.map((one) => one.spec?.clusterIP)).size).toBe(50);
    expect(new Set(made.map((one) => one.spec?.ports?.[0]?.nodePort)).size).toBe(50);
  });

  test('may ask for a free address in the range, which comes free again with the service', async () => {
    const clusterIP = '10.200.128.10';
    await admin.create(resources.services, service('dns', { clusterIP, ports }));
    const second = admin.create(resources.services, service('dns-2', { clusterIP, ports }));
    await expect(second).rejects.toMatchObject({
      code: 'Invalid',
      message: expect.stringMatching(/already allocated/),
    });
    await expect(
      admin.create(resources.services, service('far', { clusterIP: '192.0.2.1', ports })),
    ).rejects.toMatchObject({ code: 'Invalid' });
    await admin.delete(resources.services, { namespace: 'default', name: 'dns' });
    await admin.create(resources.services, service('dns-2', { clusterIP, ports }));
    for (const other of ['192.0.2.1', '10.200.128.11', 'None']) {
      const patch = { type: 'merge', body: { spec: { clusterIP: other, clusterIPs: null } } } as const;
      await expect(
        admin.patch(resources.services, { namespace: 'default', name: 'dns-2' }, patch),
      ).rejects.toMatchObject({
        code: 'Invalid',
        message: `Service "dns-2" is invalid: spec.clusterIPs[0]: Invalid value: ["${other}"]: may not change once set`,
      });
    }
  });

  test('keep their address and ports when they are replaced without them', async () => {
    const before = await admin.create(resources.services, service('kept', { type: 'NodePort', ports }));
    const metadata = { name: 'kept', namespace: 'default', labels: { a: 'b' } };
    const after = await admin.update(resources.services, { ...service('kept', { type: 'NodePort', ports }), metadata });
    expect(after.spec).toEqual(before.spec);
  });

  test('lose with their type what only that type has, and what was not changed with it', async () => {
    const balanced = { type: 'LoadBalancer', externalTrafficPolicy: 'Local', loadBalancerClass: 'e.com/b', ports };
    const { spec } = await admin.create(resources.services, service('turned', balanced));
    expect(spec).toMatchObject({ allocateLoadBalancerNodePorts: true, externalTrafficPolicy: 'Local' });
    const turned = await admin.update(resources.services, service('turned', { ...spec, type: 'ClusterIP' }));
    expect(turned.spec?.type).toBe('ClusterIP');
    for (const field of ['allocateLoadBalancerNodePorts', 'externalTrafficPolicy', 'loadBalancerClass'])
      expect(turned.spec).not.toHaveProperty(field);
    const asked = service('turned', { ...turned.spec, loadBalancerClass: 'e.com/b' });
    await expect(admin.update(resources.services, asked)).rejects.toMatchObject({
      code: 'Invalid',
      message: expect.stringMatching(
        /spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'/,
      ),
    });
  });

  test.each([
    [
      { ipFamilyPolicy: 'RequireDualStack' },
      'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services',
    ],
    [{ ipFamilies: ['IPv6'] }, 'spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster'],
    [
      { ipFamilies: ['IPv4', 'IPv6'] },
      `spec.ipFamilyPolicy: Invalid value: "SingleStack": must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified`,
    ],
    [
      { clusterIP: 'abc' },
      'spec.clusterIPs[0]: Invalid value: "abc": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    ],
    [
      { clusterIP: 'fd00::1' },
      'spec.clusterIPs[0]: Invalid value: ["fd00::1"]: IPv6 is not configured on this cluster',
    ],
    [
      { clusterIPs: ['10.200.128.77'] },
      'spec.clusterIPs: Invalid value: ["10.200.128.77"]: must be empty when `clusterIP` is not specified',
    ],
    [
      { ports: [{ port: 80, nodePort: 30055 }] },
      "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
    ],
    [
      { externalIPs: ['127.0.0.1'] },
      'spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
    ],
    [
      { type: 'ExternalName', externalName: 'a.b', clusterIP: 'None' },
      'spec.clusterIPs: Forbidden: may not be set for ExternalName services',
    ],
    [
      {
        type: 'NodePort',
        ports: [
          { name: 'a', port: 80, nodePort: 30056 },
          { name: 'b', port: 81, protocol: 'UDP', nodePort: 30056 },
        ],
      },
      'spec.ports[1].nodePort: Invalid value: 30056: provided port is already allocated',
    ],
  ])('are refused for what a cluster of one family cannot give: %#', async (spec, why) => {
    const message = `Service "odd" is invalid: ${why}`;
    const made = admin.create(resources.services, service('odd', { ports, ...spec }));
    await expect(made).rejects.toMatchObject({ code: 'Invalid', message });
  });

  test.each([
    [{}, { ipFamilyPolicy: 'SingleStack', ipFamilies: ['IPv4'] }],
    [{ ipFamilyPolicy: 'PreferDualStack' }, { ipFamilyPolicy: 'PreferDualStack', ipFamilies: ['IPv4'] }],
    [{ clusterIP: 'None' }, { ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv4', 'IPv6'] }],
    [
      { clusterIP: 'None', ipFamilies: ['IPv6'] },
      { ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv6', 'IPv4'] },
    ],
    [
      { clusterIP: 'None', selector: { a: 'b' } },
      { ipFamilyPolicy: 'SingleStack', ipFamilies: ['IPv4'] },
    ],
  ])('have the families that fit them: %#', async (spec, families) => {
    const made = await admin.create(resources.services, service('fit', { ports, ...spec }));
    expect(made.spec).toMatchObject(families);
    await admin.delete(resources.services, { namespace: 'default', name: 'fit' });
  });

  test('share one node port between the protocols of a port, and keep what they asked for', async () => {
    const both = [
      { name: 'a', port: 53 },
      { name: 'b', port: 53, protocol: 'UDP' },
    ];
    const { spec } = await admin.create(resources.services, service('shared', { type: 'NodePort', ports: both }));
    expect(spec?.ports?.[1]?.nodePort).toBe(spec?.ports?.[0]?.nodePort);
    const asked = [{ port: 80, nodePort: 30_001 }];
    const balanced = { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false, ports: asked };
    const made = await admin.create(resources.services, service('asked', balanced));
    expect(made.spec?.ports?.[0]?.nodePort).toBe(30_001);
    const closed = await admin.update(resources.services, service('asked', { ...made.spec, type: 'ClusterIP' }));
    expect(closed.spec?.ports?.[0]).not.toHaveProperty('nodePort');
    await admin.create(resources.services, service('next', { type: 'NodePort', ports: asked }));
  });

  test('of more node ports than are free none is taken', async () => {
    const ports = (count: number) => Array.from({ length: count }, (_, at) => ({ name: `p${at}`, port: 1 + at }));
    const many = admin.create(resources.services, service('many', { type: 'NodePort', ports: ports(24_000) }));
    await expect(many).rejects.toMatchObject({
      code: 'Invalid',
      message: expect.stringMatching(/spec\.ports\[\d+\]\.nodePort: Internal error: no node port is free/),
    });
    const fewer = await admin.create(resources.services, service('fewer', { type: 'NodePort', ports: ports(1000) }));
    expect(new Set(fewer.spec?.ports?.map(({ nodePort }) => nodePort)).size).toBe(1000);
  });

  test('keep their address through a restart of the server', async () => {
    const store = memoryStore();
    const address = await (async () => {
      await using first = await startTestApi({ store: unclosable(store) });
      const made = await first.api.client(masters).create(resources.services, service('one', { ports }));
      return made.spec?.clusterIP ?? '';
    })();
    await using second = await startTestApi({ store });
    const taken = second.api.client(masters).create(resources.services, service('two', { clusterIP: address, ports }));
    await expect(taken).rejects.toMatchObject({ code: 'Invalid' });
  });
});

/** The same store, which outlives the server that closes it. */
function unclosable<T extends { close(): Promise<void> }>(store: T): T {
  return new Proxy(store, {
    get(target, property) {
      if (property === 'close') return async () => {};
      const value = Reflect.get(target, property, target) as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
