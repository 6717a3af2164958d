import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../objects/index.ts';
import { kindForObject } from '../kinds/lookup.ts';
import { warningsOf } from './index.ts';

/** Texts are those of kube-apiserver v1.35 for the same objects. */
function warnings(object: object, old?: object): string[] {
  const { apiVersion, kind } = object as KubeObject;
  const description = kindForObject(apiVersion, kind);
  if (description === undefined) throw new Error(`no kind ${kind}`);
  return warningsOf(description, object as KubeObject, old as KubeObject | undefined);
}

const pod = (spec: object, metadata: object = { name: 'p' }) => ({ apiVersion: 'v1', kind: 'Pod', metadata, spec });
const container = (more: object = {}) => ({ name: 'c', image: 'i', ...more });
const deployment = (spec: object, name = 'd') => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: { template: { spec } },
});

describe('a pod', () => {
  it('that is in order gives no warning', () => {
    expect(warnings(pod({ containers: [container({ env: [{ name: 'A' }, { name: 'B' }] })] }))).toEqual([]);
  });

  it('that repeats itself is told where', () => {
    const env = [
      { name: 'A', value: 'x' },
      { name: 'A', value: '$(A)y' },
      { name: 'A', value: '$(A)' },
      { name: 'A', value: 'z' },
    ];
    const ports = [
      { containerPort: 80, protocol: 'TCP', name: 'web' },
      { containerPort: 80, protocol: 'TCP' },
      { containerPort: 80, protocol: 'TCP', hostPort: 8080 },
      { containerPort: 81, protocol: 'TCP', hostPort: 8081 },
      { containerPort: 81, protocol: 'TCP', hostPort: 8081, hostIP: '10.0.0.1' },
      { containerPort: 82, protocol: 'TCP', hostIP: '10.0.0.1', name: 'web' },
    ];
    const spec = {
      containers: [container({ env, ports })],
      hostAliases: [{ ip: '10.0.0.1' }, { ip: '10.0.0.1' }],
      imagePullSecrets: [{ name: 'a' }, { name: 'a' }, {}],
    };
    const at = 'spec.containers[0]';
    expect(warnings(pod(spec))).toEqual([
      'spec.hostAliases[1].ip: duplicate ip "10.0.0.1"',
      'spec.imagePullSecrets[1].name: duplicate name "a"',
      'spec.imagePullSecrets[2].name: invalid empty name ""',
      `${at}.env[2]: hides previous definition of "A", which may be dropped when using apply`,
      `${at}.env[3]: hides previous definition of "A", which may be dropped when using apply`,
      `${at}.ports[1]: duplicate port definition with ${at}.ports[0]`,
      `${at}.ports[2]: overlapping port definition with ${at}.ports[0]`,
      `${at}.ports[2]: overlapping port definition with ${at}.ports[1]`,
      `${at}.ports[4]: dangerously ambiguous port definition with ${at}.ports[3]`,
      `${at}.ports[5]: hostIP set without hostPort: {Name:web HostPort:0 ContainerPort:82 Protocol:TCP HostIP:10.0.0.1}`,
      `${at}.ports[5]: duplicate port name "web" with ${at}.ports[0], services and probes that select ports by name will use ${at}.ports[0]`,
    ]);
  });

  it('that asks for parts of bytes, by old names, or for nothing is told so', () => {
    const term = { key: 'beta.kubernetes.io/arch', operator: 'In', values: ['a b'] };
    const spec = {
      terminationGracePeriodSeconds: -1,
      nodeSelector: { 'beta.kubernetes.io/os': 'linux' },
      affinity: {
        nodeAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [{ preference: { matchExpressions: [term] } }],
        },
        podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'x' }] },
      },
      initContainers: [container({ resources: { requests: { memory: '100m' }, limits: { memory: '1' } } })],
      containers: [container()],
      volumes: [{ name: 'v', gitRepo: {} }],
    };
    const expressions =
      'spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0]';
    const found = warnings(pod(spec));
    expect(found).toContain(
      'spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead',
    );
    expect(found).toContain(
      `${expressions}.key: beta.kubernetes.io/arch is deprecated since v1.14; use "kubernetes.io/arch" instead`,
    );
    expect(found).toContainEqual(expect.stringContaining(`${expressions}.values[0]: a b is invalid, a valid label`));
    expect(found).toContain('spec.volumes[0].gitRepo: deprecated in v1.11, and disabled by default in v1.33+');
    expect(found).toContain(
      'spec.initContainers[0].resources.requests[memory]: fractional byte value "100m" is invalid, must be an integer',
    );
    expect(found).toContain(
      'spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1',
    );
    expect(found.at(-1)).toBe(
      'spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector: a null labelSelector results in matching no pod',
    );
    expect(found).toHaveLength(7);
  });

  it('whose files hide each other is told which', () => {
    const items = (...paths: string[]) => paths.map((path) => ({ key: 'k', path }));
    const sources = [
      { configMap: { name: 'm', items: items('a/b') } },
      { secret: { name: 's', items: items('a/') } },
      { serviceAccountToken: { path: 'token' } },
      {},
    ];
    const volumes = [
      { name: 'one', configMap: { name: 'm', items: items('a', 'ab', 'a/c') } },
      { name: 'two', projected: { sources } },
    ];
    expect(warnings(pod({ containers: [container()], volumes }))).toEqual([
      'volume "one" (ConfigMap "m"): overlapping paths: "a/c" with "a"',
      'volume "two" (Projected) has no sources provided',
      'volume "two" (Projected): overlapping paths: "a" (Secret "s") with "a/b" (ConfigMap "m")',
    ]);
  });

  it('is looked at when it is made, and not each time that it is written', () => {
    const odd = pod({ containers: [container()], terminationGracePeriodSeconds: -1 }, { name: 'a.b' });
    expect(warnings(odd)).toEqual([
      "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]",
      'spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1',
    ]);
    expect(warnings(odd, pod({ containers: [container()] }))).toEqual([]);
  });
});

describe('a workload', () => {
  it('is told of its template, with the path, whenever its specification changes', () => {
    const spec = { containers: [container()], nodeSelector: { 'node-role.kubernetes.io/master': '' } };
    const said =
      'spec.template.spec.nodeSelector[node-role.kubernetes.io/master]: use "node-role.kubernetes.io/control-plane" instead';
    expect(warnings(deployment(spec))).toEqual([said]);
    expect(warnings(deployment(spec), deployment({ containers: [] }))).toEqual([said]);
    expect(warnings(deployment(spec), deployment(structuredClone(spec)))).toEqual([]);
    const jobs = { apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name: 'c' } };
    expect(warnings({ ...jobs, spec: { jobTemplate: { spec: { template: { spec } } } } })[0]).toMatch(
      /^spec\.jobTemplate\.spec\.template\.spec\.nodeSelector\[/,
    );
  });

  it('that names pods after it should have a name that a host can have', () => {
    expect(warnings(deployment({ containers: [] }, 'a.b'))).toEqual([
      'metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]',
    ]);
  });
});

it('services, ingresses and claims are told what means nothing or is done otherwise now', () => {
  const service = (spec: object) => warnings({ apiVersion: 'v1', kind: 'Service', metadata: { name: 's' }, spec });
  expect(
    service({ type: 'ClusterIP', clusterIP: 'None', sessionAffinity: 'ClientIP', externalIPs: ['1.1.1.1'] }),
  ).toEqual([
    'spec.externalIPs is ignored for headless services',
    'spec.SessionAffinity is ignored for headless services',
  ]);
  expect(service({ type: 'ClusterIP', clusterIP: 'None', sessionAffinity: 'None' })).toEqual([]);
  expect(service({ type: 'NodePort', externalName: 'x', trafficDistribution: 'PreferClose' })).toEqual([
    'spec.externalName is ignored when spec.type is not "ExternalName"',
    'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"',
  ]);
  const annotations = { 'kubernetes.io/ingress.class': 'nginx' };
  const ingress = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'i', annotations },
    spec: {},
  };
  expect(warnings(ingress)).toEqual([
    `annotation "kubernetes.io/ingress.class" is deprecated, please use 'spec.ingressClassName' instead`,
  ]);
  expect(warnings({ ...ingress, spec: { ingressClassName: 'nginx' } })).toEqual([]);
  expect(warnings(ingress, ingress)).toEqual([]);
  const claim = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'c', annotations: { 'volume.beta.kubernetes.io/storage-class': 'x' } },
    spec: { resources: { requests: { storage: '1500m' } } },
  };
  expect(warnings(claim)).toEqual([
    'metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use "storageClassName" attribute instead',
    'spec.resources.requests[storage]: fractional byte value "1500m" is invalid, must be an integer',
  ]);
});

it('old fields and unusual addresses are told of', () => {
  const of = (kind: string, fields: object, apiVersion = 'v1') =>
    warnings({ apiVersion, kind, metadata: { name: 'x' }, ...fields });
  expect(of('Node', { spec: { externalID: 's' } })).toEqual([
    'spec.externalID: this field is deprecated, and is unused by Kubernetes',
  ]);
  expect(of('Endpoints', { subsets: [{ addresses: [{ ip: '10.0.0.1' }, { ip: '010.1.1.1' }] }] })).toEqual([
    'subsets[0].addresses[1].ip: non-standard IP address "010.1.1.1" will be considered invalid in a future Kubernetes release: use "10.1.1.1"',
  ]);
  expect(
    of('Service', { spec: { externalIPs: ['::ffff:1.2.3.4', '2001:DB8::1', '10.0.0.1'], loadBalancerIP: '01.1.1.1' } }),
  ).toEqual([
    'spec.externalIPs[0]: non-standard IP address "::ffff:1.2.3.4" will be considered invalid in a future Kubernetes release: use "1.2.3.4"',
    'spec.externalIPs[1]: IPv6 address "2001:DB8::1" should be in RFC 5952 canonical format ("2001:db8::1")',
    'spec.loadBalancerIP: non-standard IP address "01.1.1.1" will be considered invalid in a future Kubernetes release: use "1.1.1.1"',
  ]);
  const driver = { spec: { tokenRequests: [{ audience: 'a' }] } };
  expect(of('CSIDriver', driver, 'storage.k8s.io/v1')).toHaveLength(1);
});
