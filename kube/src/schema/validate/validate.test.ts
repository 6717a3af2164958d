import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isBerthError } from '../../errors/index.ts';
import {
  applyDefaults,
  decodeObject,
  invalidError,
  kindForObject,
  kinds,
  prepareForCreate,
  validate,
} from '../index.ts';

type Loose = { apiVersion: string; kind: string } & Record<string, unknown>;

function complete(object: Loose) {
  const kind = kindForObject(object.apiVersion, object.kind);
  if (kind === undefined) throw new Error(`no kind ${object.kind}`);
  const completed = applyDefaults(kind, decodeObject(kind, object, { mode: 'Strict' }).object);
  // As the server does before it looks.
  if (kind.namespaced) completed.metadata.namespace ??= 'n';
  return { kind, object: completed };
}

/** The sentences that a client is told, for an object and what it replaces. */
function wrong(object: Loose, old?: Loose): string[] {
  const { kind, object: completed } = complete(object);
  const before = old === undefined ? undefined : complete(old).object;
  if (before === undefined) prepareForCreate(kind, completed);
  return validate(kind, completed, before).map((cause) => `${cause.field}: ${cause.message}`);
}

const container = { name: 'c', image: 'i' };
const pod = (spec: object, metadata: object = { name: 'p' }): Loose => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata,
  spec: { containers: [container], ...spec },
});
const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [container] } };
const workload = (kind: string, spec: object = {}): Loose => ({
  apiVersion: kind === 'Job' || kind === 'CronJob' ? 'batch/v1' : 'apps/v1',
  kind,
  metadata: { name: 'w' },
  spec: { selector: { matchLabels: { a: 'b' } }, template, ...spec },
});
const service = (spec: object): Loose => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 's' },
  spec: { ports: [{ port: 80 }], ...spec },
});
const other = (apiVersion: string, kind: string, fields: object, name = 'x'): Loose => ({
  apiVersion,
  kind,
  metadata: { name },
  ...fields,
});
const rbac = 'rbac.authorization.k8s.io/v1';

describe('validation', () => {
  it.each([
    pod({}),
    pod({ volumes: [{ name: 'v' }], containers: [{ ...container, volumeMounts: [{ name: 'v', mountPath: '/v' }] }] }),
    pod({}, { generateName: 'p-', labels: { 'app.kubernetes.io/name': 'x' }, annotations: { A: 'anything ' } }),
    workload('Deployment'),
    workload('ReplicaSet'),
    workload('StatefulSet', { serviceName: 's' }),
    workload('StatefulSet', {
      template: {
        ...template,
        spec: { containers: [{ ...container, volumeMounts: [{ name: 'd', mountPath: '/d' }] }] },
      },
      volumeClaimTemplates: [
        {
          metadata: { name: 'd' },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
        },
      ],
    }),
    { ...other(rbac, 'ClusterRole', {}), metadata: { name: 'x', namespace: 'n' } },
    workload('DaemonSet'),
    {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'j' },
      spec: { template: { spec: { containers: [container], restartPolicy: 'Never' } } },
    },
    {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: 'j' },
      spec: {
        schedule: '*/5 1-3,8 * * mon-fri',
        jobTemplate: { spec: { template: { spec: { containers: [container], restartPolicy: 'OnFailure' } } } },
      },
    },
    service({}),
    service({ clusterIP: 'None', ports: [] }),
    service({ type: 'ExternalName', externalName: 'example.com', ports: [] }),
    other(rbac, 'ClusterRole', { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] }, 'system:node'),
    other(rbac, 'RoleBinding', {
      roleRef: { kind: 'Role', name: 'r' },
      subjects: [{ kind: 'ServiceAccount', name: 's', namespace: 'n' }],
    }),
    other('v1', 'ConfigMap', { data: { 'a.b': '1' } }),
    other('networking.k8s.io/v1', 'Ingress', {
      spec: {
        rules: [
          {
            host: '*.a.b',
            http: {
              paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 's', port: { number: 80 } } } }],
            },
          },
        ],
      },
    }),
    other('v1', 'Endpoints', { subsets: [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 80 }] }] }),
    other('coordination.k8s.io/v1', 'Lease', {}),
    other(
      'apiregistration.k8s.io/v1',
      'APIService',
      { spec: { group: '', version: 'v1', groupPriorityMinimum: 1, versionPriority: 1 } },
      'v1.',
    ),
  ])('finds nothing wrong with $kind %#', (object) => expect(wrong(object)).toEqual([]));

  it.each([
    [pod({}, {}), 'metadata.name: Required value: name or generateName is required'],
    [
      pod({}, { name: 'Pod_1' }),
      `metadata.name: Invalid value: "Pod_1": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
    ],
    [
      pod({}, { name: 'p', labels: { 'a b': 'c' } }),
      'metadata.labels: Invalid value: "a b": name part must consist of',
    ],
    [
      pod({}, { name: 'p', labels: { a: 'c!' } }),
      'metadata.labels: Invalid value: "c!": a valid label must be an empty string or consist of',
    ],
    [pod({}, { name: 'p', finalizers: ['mine'] }), 'metadata.finalizers[0]: Invalid value: "mine": name is neither'],
    [
      pod({}, { name: 'p', ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'o' }] }),
      'metadata.ownerReferences.uid: Invalid value: "": must not be empty',
    ],
    [pod({ containers: [] }), 'spec.containers: Required value'],
    [pod({ containers: [{ name: 'c' }] }), 'spec.containers[0].image: Required value'],
    [pod({ containers: [container, container] }), 'spec.containers[1].name: Duplicate value: "c"'],
    [
      pod({ containers: [{ ...container, name: 'C' }] }),
      'spec.containers[0].name: Invalid value: "C": a lowercase RFC 1123 label',
    ],
    [
      pod({ restartPolicy: 'Sometimes' }),
      'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
    ],
    [
      pod({ dnsPolicy: 'x' }),
      'spec.dnsPolicy: Unsupported value: "x": supported values: "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"',
    ],
    [
      pod({ containers: [{ ...container, imagePullPolicy: 'x' }] }),
      'spec.containers[0].imagePullPolicy: Unsupported value: "x": supported values: "Always", "IfNotPresent", "Never"',
    ],
    [
      pod({ containers: [{ ...container, ports: [{ containerPort: 70000 }] }] }),
      'spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive',
    ],
    [
      pod({ containers: [{ ...container, ports: [{ containerPort: 1, protocol: 'ICMP' }] }] }),
      'spec.containers[0].ports[0].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"',
    ],
    [
      pod({ containers: [{ ...container, volumeMounts: [{ name: 'v', mountPath: '/v' }] }] }),
      'spec.containers[0].volumeMounts[0].name: Not found: "v"',
    ],
    [
      pod({ containers: [{ ...container, resources: { limits: { cpu: '1' }, requests: { cpu: '2' } } }] }),
      'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
    ],
    [
      pod({ containers: [{ ...container, livenessProbe: { periodSeconds: 1 } }] }),
      'spec.containers[0].livenessProbe: Required value: must specify a handler type',
    ],
    [
      pod({ containers: [{ ...container, livenessProbe: { tcpSocket: { port: 1 }, successThreshold: 2 } }] }),
      'spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1',
    ],
    [pod({ containers: [{ ...container, env: [{ value: 'x' }] }] }), 'spec.containers[0].env[0].name: Required value'],
    [
      pod({ volumes: [{ name: 'v', emptyDir: {}, hostPath: { path: '/' } }] }),
      'spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type',
    ],
    [
      pod({ tolerations: [{ value: 'x' }] }),
      'spec.tolerations[0].operator: Invalid value: "": operator must be Exists',
    ],
    [workload('Deployment', { replicas: -1 }), 'spec.replicas: Invalid value: -1: must be greater than or equal to 0'],
    [workload('Deployment', { selector: undefined }), 'spec.selector: Required value'],
    [
      workload('Deployment', { selector: {} }),
      'spec.selector: Invalid value: {}: empty selector is invalid for deployment',
    ],
    [
      workload('Deployment', { selector: { matchLabels: { a: 'c' } } }),
      'spec.template.metadata.labels: Invalid value: {"a":"b"}: `selector` does not match template `labels`',
    ],
    [
      workload('Deployment', { template: { ...template, spec: { ...template.spec, restartPolicy: 'Never' } } }),
      'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
    ],
    [
      workload('Deployment', { template: { ...template, spec: { containers: [{ name: 'c' }] } } }),
      'spec.template.spec.containers[0].image: Required value',
    ],
    [
      workload('Deployment', { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } }),
      'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0',
    ],
    [
      workload('Deployment', { strategy: { rollingUpdate: { maxSurge: 'x' } } }),
      'spec.strategy.rollingUpdate.maxSurge: Invalid value: "x": a valid percent string',
    ],
    [
      workload('Deployment', { strategy: { type: 'x' } }),
      'spec.strategy: Unsupported value: {"Type":"x","RollingUpdate":null}: supported values: "Recreate", "RollingUpdate"',
    ],
    [
      workload('Job', { selector: undefined }),
      'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
    ],
    [
      { apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name: 'j' }, spec: { schedule: '61 * * * *' } },
      'spec.schedule: Invalid value: "61 * * * *": end of range (61) above maximum (59): 61',
    ],
    [service({ ports: [] }), 'spec.ports: Required value'],
    [service({ ports: [{ port: 80, name: 'a' }, { port: 81 }] }), 'spec.ports[1].name: Required value'],
    [
      service({
        ports: [
          { port: 80, name: 'a' },
          { port: 80, name: 'b' },
        ],
      }),
      'spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,"TargetPort":0,"NodePort":0}',
    ],
    [
      service({ type: 'x' }),
      'spec.type: Unsupported value: "x": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
    ],
    [
      service({ externalIPs: ['::ffff:127.0.0.1'] }),
      'spec.externalIPs[0]: Invalid value: "::ffff:127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
    ],
    [
      {
        ...service({}),
        metadata: { name: 's', annotations: { 'service.beta.kubernetes.io/load-balancer-source-ranges': 'x' } },
      },
      'metadata.annotations[service.beta.kubernetes.io/load-balancer-source-ranges]: Invalid value: "x": must be a valid CIDR value',
    ],
    [service({ clusterIP: 'x' }), 'spec.clusterIPs[0]: Invalid value: "x": must be a valid IP address'],
    [
      other('v1', 'Service', { spec: { ports: [{ port: 1 }] } }, '1a'),
      'metadata.name: Invalid value: "1a": a DNS-1035 label must',
    ],
    [other('v1', 'Namespace', {}, 'a.b'), 'metadata.name: Invalid value: "a.b": must not contain dots'],
    [other('v1', 'ConfigMap', { data: { 'a b': '' } }), 'data[a b]: Invalid value: "a b": a valid config key must'],
    [other('v1', 'Secret', { type: 'kubernetes.io/tls' }), 'data[tls.crt]: Required value'],
    [
      other(rbac, 'Role', { rules: [{ apiGroups: [''], resources: ['pods'] }] }),
      'rules[0].verbs: Required value: verbs must contain at least one value',
    ],
    [
      other(rbac, 'ClusterRoleBinding', { roleRef: { kind: 'Role', name: 'r' } }),
      'roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"',
    ],
    [
      other('v1', 'PersistentVolumeClaim', { spec: {} }),
      'spec.accessModes: Required value: at least 1 access mode is required',
    ],
    [
      other('networking.k8s.io/v1', 'Ingress', {
        spec: { rules: [{ http: { paths: [{ path: 'x', pathType: 'Prefix' }] } }] },
      }),
      'spec.rules[0].http.paths[0].path: Invalid value: "x": must be an absolute path',
    ],
    [other('storage.k8s.io/v1', 'StorageClass', {}), 'provisioner: Required value'],
    [other('node.k8s.io/v1', 'RuntimeClass', {}), 'handler: Invalid value: "": a lowercase RFC 1123 label'],
    [
      other('autoscaling/v2', 'HorizontalPodAutoscaler', { spec: { maxReplicas: 0 } }),
      'spec.scaleTargetRef.kind: Required value',
    ],
    [
      other('scheduling.k8s.io/v1', 'PriorityClass', { value: 5 }, 'system-x'),
      "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: system-x is not a known system priority class",
    ],
    [
      other('policy/v1', 'PodDisruptionBudget', { spec: { minAvailable: 1, maxUnavailable: 1 } }),
      'minAvailable and maxUnavailable cannot be both set',
    ],
  ])('says what is wrong %#', (object, expected) => {
    const sentences = wrong(object as Loose);
    expect(
      sentences.some((sentence) => sentence.includes(expected)),
      sentences.join('\n'),
    ).toBe(true);
  });

  it.each([
    [
      pod({ nodeName: 'b' }),
      pod({}),
      'spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`',
    ],
    [
      pod({ containers: [container, { name: 'd', image: 'i' }] }),
      pod({}),
      'spec.containers: Forbidden: pod updates may not add or remove containers',
    ],
    [pod({}), pod({ tolerations: [{ key: 'a', operator: 'Exists' }] }), 'spec.tolerations: Forbidden'],
    [
      workload('Deployment', { selector: { matchLabels: { a: 'b' } } }),
      workload('Deployment', { selector: { matchLabels: { c: 'd' } } }),
      'spec.selector: Invalid value: {"matchLabels":{"a":"b"}}: field is immutable',
    ],
    [
      workload('StatefulSet', { serviceName: 'a' }),
      workload('StatefulSet', { serviceName: 'b' }),
      "spec: Forbidden: updates to statefulset spec for fields other than 'replicas'",
    ],
    [
      service({ clusterIP: '10.0.0.1' }),
      service({ clusterIP: '10.0.0.2' }),
      'spec.clusterIPs[0]: Invalid value: ["10.0.0.1"]: may not change once set',
    ],
    [
      other('v1', 'ConfigMap', { data: { a: '1' }, immutable: true }),
      other('v1', 'ConfigMap', { data: { a: '2' }, immutable: true }),
      'data: Forbidden: field is immutable when `immutable` is set',
    ],
    [
      other(rbac, 'RoleBinding', { roleRef: { kind: 'Role', name: 'a' } }),
      other(rbac, 'RoleBinding', { roleRef: { kind: 'Role', name: 'b' } }),
      'cannot change roleRef',
    ],
    [
      other('v1', 'Secret', { type: 'a' }),
      other('v1', 'Secret', { type: 'b' }),
      'type: Invalid value: "a": field is immutable',
    ],
  ])('guards what may not change %#', (object, old, expected) => {
    const sentences = wrong(object, old);
    expect(
      sentences.some((sentence) => sentence.includes(expected)),
      sentences.join('\n'),
    ).toBe(true);
  });

  it('lets a pod change what it may', () => {
    const image = pod({ containers: [{ ...container, image: 'other' }], activeDeadlineSeconds: 5 });
    expect(wrong(image, pod({ activeDeadlineSeconds: 10 }))).toEqual([]);
    expect(wrong(pod({ tolerations: [{ key: 'a', operator: 'Exists' }] }), pod({}))).toEqual([]);
    expect(wrong(service({ clusterIP: '10.0.0.1' }), service({}))).toEqual([]);
  });

  it('says twice what two rules of Kubernetes look at, and once in the message', () => {
    const autoscaler = other('autoscaling/v2', 'HorizontalPodAutoscaler', {
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' },
        maxReplicas: 3,
        metrics: [{ type: 'Zork' }, { type: '' }],
      },
    });
    const supported = 'supported values: "ContainerResource", "External", "Object", "Pods", "Resource"';
    const [unknown, empty] = ['Zork', ''].map((type, index) => {
      return `spec.metrics[${index}].type: Unsupported value: "${type}": ${supported}`;
    });
    const required = 'spec.metrics[1].type: Required value: must specify a metric source type';
    expect(wrong(autoscaler)).toEqual([unknown, unknown, required, empty, empty]);
    const { kind, object } = complete(autoscaler);
    const { message } = invalidError(kind, 'x', validate(kind, object));
    expect(message).toBe(`HorizontalPodAutoscaler.autoscaling "x" is invalid: [${unknown}, ${required}, ${empty}]`);
  });

  it('tells no policies from none given, of an autoscaler', () => {
    const scaled = (behavior: object) =>
      other('autoscaling/v2', 'HorizontalPodAutoscaler', {
        spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' }, maxReplicas: 3, behavior },
      });
    for (const direction of ['scaleUp', 'scaleDown']) {
      expect(wrong(scaled({ [direction]: { policies: [] } }))).toEqual([
        `spec.behavior.${direction}.policies: Required value: must specify at least one Policy`,
      ]);
      expect(wrong(scaled({ [direction]: {} }))).toEqual([]);
    }
  });

  it('refuses new finalizers of what is being deleted, and other identities', () => {
    const map = (metadata: object) => other('v1', 'ConfigMap', { metadata: { name: 'm', ...metadata } });
    const deleted = { uid: 'u', finalizers: ['a.b/c'], deletionTimestamp: '2026-01-01T00:00:00Z' };
    const forbidden =
      'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"d.e/f"}';
    expect(wrong(map({ finalizers: ['a.b/c', 'd.e/f'] }), map(deleted))).toEqual([forbidden, forbidden]);
    const immutable = 'metadata.uid: Invalid value: "v": field is immutable';
    expect(wrong(map({ uid: 'v' }), map({ uid: 'u' }))).toEqual([immutable, immutable]);
  });

  it('puts the causes into one Status', () => {
    const { kind, object } = complete(workload('Deployment', { replicas: -1 }));
    const error = invalidError(kind, 'w', validate(kind, object));
    expect(isBerthError(error, 'Invalid')).toBe(true);
    expect(error.message).toBe(
      'Deployment.apps "w" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    );
    expect(error.details).toMatchObject({
      name: 'w',
      group: 'apps',
      kind: 'Deployment',
      causes: [{ reason: 'FieldValueInvalid', field: 'spec.replicas' }],
    });
  });

  it('never fails on any object that decodes, and finds the same object valid as its own successor', () => {
    const keys = fc.constantFrom(
      'name',
      'spec',
      'template',
      'containers',
      'ports',
      'rules',
      'selector',
      'matchLabels',
      'volumes',
      'env',
    );
    const leaf = fc.oneof(fc.string(), fc.integer(), fc.constant(null));
    const tree = fc.letrec((tie) => ({
      node: fc.oneof(
        { maxDepth: 6 },
        leaf,
        fc.array(tie('node'), { maxLength: 3 }),
        fc.dictionary(keys, tie('node'), { maxKeys: 4 }),
      ),
    })).node;
    fc.assert(
      fc.property(fc.constantFrom(...kinds), tree, (kind, spec) => {
        try {
          const object = applyDefaults(
            kind,
            decodeObject(
              kind,
              { metadata: { name: 'a' }, spec, rules: spec, subsets: spec, webhooks: spec },
              { mode: 'Ignore' },
            ).object,
          );
          const first = validate(kind, object);
          const again = validate(kind, object, structuredClone(object));
          // These forgive what was wrong before it was known to be wrong.
          const forgiving = ['admissionregistration.k8s.io', 'apiextensions.k8s.io', 'events.k8s.io'];
          const forgiven = ['ControllerRevision', 'PriorityClass', 'StatefulSet'];
          if (!forgiving.includes(kind.group) && !forgiven.includes(kind.kind)) {
            expect(again).toEqual(first);
          }
        } catch (error) {
          if (!isBerthError(error, 'BadRequest')) throw error;
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('names of pods', () => {
  it('stand alone where they override all others', () => {
    expect(wrong(pod({ hostnameOverride: 'db.example.com' }))).toEqual([]);
    const override = { hostnameOverride: `${'a'.repeat(64)}.`, setHostnameAsFQDN: true, hostNetwork: true };
    const field = 'spec.hostnameOverride';
    expect(wrong(pod(override))).toEqual([
      `${field}: Forbidden: may not be specified when setHostnameAsFQDN is true`,
      `${field}: Forbidden: may not be specified when hostNetwork is true`,
      `${field}: Too long: may not be more than 64 bytes`,
      expect.stringContaining(
        `${field}: Invalid value: "${override.hostnameOverride}": a lowercase RFC 1123 subdomain`,
      ),
    ]);
  });
});

describe('ephemeral containers', () => {
  const look = { name: 'look', image: 'i', terminationMessagePath: '/t', terminationMessagePolicy: 'File' };
  const changed = (containers: object[], before: object[] = []) => {
    const { kind, object } = complete(pod({ ephemeralContainers: containers }));
    const old = complete(pod({ ephemeralContainers: before })).object;
    return validate(kind, object, old, { subresource: 'ephemeralcontainers' }).map(
      (cause) => `${cause.field}: ${cause.message}`,
    );
  };
  const first = 'spec.ephemeralContainers[0]';
  const unfit = 'Forbidden: cannot be set for an Ephemeral Container';

  it.each<[object[], object[], string[]]>([
    [[look], [], []],
    [[{ ...look, targetContainerName: 'c' }], [], []],
    [[{ ...look, targetContainerName: 'x' }], [], [`${first}.targetContainerName: Not found: "x"`]],
    [[{ ...look, name: 'c' }], [], [`${first}.name: Duplicate value: "c"`]],
    [[{ ...look, ports: [{ containerPort: 1 }] }], [], [`${first}.ports: ${unfit}`]],
    [[], [look], ['spec.ephemeralContainers: Forbidden: existing ephemeral containers "look" may not be removed']],
    [
      [{ ...look, image: 'j' }],
      [look],
      ['spec.ephemeralContainers: Forbidden: existing ephemeral containers "look" may not be changed'],
    ],
  ])('%j after %j', (containers, before, expected) => {
    expect(changed(containers, before)).toEqual(expected);
  });

  it('come only once the pod exists', () => {
    expect(wrong(pod({ ephemeralContainers: [look] }))).toEqual([
      'spec.ephemeralContainers: Forbidden: cannot be set on create',
    ]);
  });
});

describe('what there is to say', () => {
  it('is bounded, however much is wrong', () => {
    // Each of them is shown with all others: gigabytes.
    const ownerReferences = Array.from({ length: 8000 }, (_, at) => {
      return { apiVersion: 'v1', kind: 'Pod', name: `p${at}`, uid: `u${at}`, controller: true };
    });
    const said = wrong(pod({}, { name: 'p', ownerReferences }));
    expect(said[0]).toMatch(
      /^metadata\.ownerReferences: Invalid value: \[.*Only one reference can have Controller set/,
    );
    expect(said.join('').length).toBeLessThan(4 * 1024 * 1024);
    const labels = Object.fromEntries(ownerReferences.map(({ name }) => [`!${name}`, '!']));
    expect(wrong(pod({}, { name: 'p', labels })).join('').length).toBeLessThan(2 * 1024 * 1024);
  });

  it('quotes as Go does', () => {
    expect(wrong(pod({}, { name: 'a\u0000\u2028' }))[0]).toMatch(/Invalid value: "a\\x00\\u2028": /);
  });

  it('is found in one walk', () => {
    // What looks through all others for each of these takes minutes.
    const many = <T>(make: (at: number) => T) => Array.from({ length: 30_000 }, (_, at) => make(at));
    const scopes = many((at) => `s${at}`);
    expect(wrong({ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'q' }, spec: { scopes } })).toHaveLength(
      1,
    );
    const variables = many((at) => ({ name: `v${at}`, expression: at === 0 ? '1' : `variables.v${at - 1} + 1` }));
    const policy = {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name: 'p' },
      spec: {
        matchConstraints: {
          resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['*'], resources: ['pods'] }],
        },
        variables,
        validations: [{ expression: 'variables.v29999 == 30000' }],
      },
    };
    expect(wrong(policy)).toEqual([]);
  });
});

describe('what confines a container', () => {
  const where = ['spec.securityContext', 'spec.containers[0].securityContext'] as const;
  const confined = (at: (typeof where)[number], context: object) =>
    wrong(
      at === where[0]
        ? pod({ securityContext: context })
        : pod({ containers: [{ ...container, securityContext: context }] }),
    );
  const local = (localhostProfile: string) => ({ type: 'Localhost', localhostProfile });

  // The sentences are those of ValidateSecurityContext, validateHostUsers and their kin in Kubernetes 1.35.
  it.each(where)('is a seccomp profile below the node’s own, at %s', (at) => {
    const profile = `${at}.seccompProfile.localhostProfile`;
    const told = (path: string) => confined(at, { seccompProfile: local(path) });
    expect(told('../../etc/x')).toEqual([`${profile}: Invalid value: "../../etc/x": must not contain '..'`]);
    expect(told('/etc/x')).toEqual([`${profile}: Invalid value: "/etc/x": must be a relative path`]);
    expect(told('a/../b')).toHaveLength(1);
    expect(told('a..b/c')).toEqual([]);
  });

  it.each(where)('is an AppArmor profile with a name, at %s', (at) => {
    const profile = `${at}.appArmorProfile.localhostProfile`;
    const told = (value: object) => confined(at, { appArmorProfile: value });
    expect(told(local(' x'))).toEqual([`${profile}: Invalid value: " x": must not be padded with whitespace`]);
    expect(told(local(''))).toEqual([`${profile}: Required value: must be set when AppArmor type is Localhost`]);
    expect(told({ type: 'Localhost' })).toEqual(told(local('')));
    expect(told(local('x'.repeat(4096)))).toEqual([`${profile}: Too long: may not be more than 4095 bytes`]);
    expect(told({ type: 'Unconfined', localhostProfile: 'x' })).toEqual([
      `${profile}: Invalid value: "x": can only be set when AppArmor type is Localhost`,
    ]);
    expect(told(local('k8s-x'))).toEqual([]);
  });

  it('shows all of /proc only to who has users of its own, and those go with nothing of the node', () => {
    const containers = [{ ...container, securityContext: { procMount: 'Unmasked' } }];
    expect(wrong(pod({ containers }))).toEqual([
      'spec.containers[0].securityContext.procMount: Invalid value: "Unmasked": `hostUsers` must be false to use `Unmasked`',
    ]);
    expect(wrong(pod({ containers, hostUsers: false }))).toEqual([]);
    expect(wrong(pod({ hostUsers: false, hostNetwork: true, hostPID: true, hostIPC: true }))).toEqual([
      'spec.hostNetwork: Forbidden: when `hostUsers` is false',
      'spec.HostPID: Forbidden: when `hostUsers` is false',
      'spec.HostIPC: Forbidden: when `hostUsers` is false',
    ]);
    expect(wrong(pod({ securityContext: { supplementalGroupsPolicy: 'None' } }))).toEqual([
      'spec.securityContext.supplementalGroupsPolicy: Unsupported value: "None": supported values: "Merge", "Strict"',
    ]);
  });
});

it('a variable from a file names a key, a file, and a volume that begins empty', () => {
  const at = 'spec.containers[0].env[0].valueFrom.fileKeyRef';
  const told = (fileKeyRef: object) =>
    wrong(
      pod({
        containers: [{ ...container, env: [{ name: 'A', valueFrom: { fileKeyRef } }] }],
        volumes: [
          { name: 'empty', emptyDir: {} },
          { name: 'other', configMap: { name: 'c' } },
        ],
      }),
    );
  expect(told({ volumeName: 'empty', path: 'a/env', key: 'K' })).toEqual([]);
  expect(told({ volumeName: 'none', path: '../env', key: 'a=b' })).toEqual([
    expect.stringContaining(`${at}.key: Invalid value: "a=b": `),
    `${at}.path: Invalid value: "../env": must not contain '..'`,
    `${at}.volumeName: Not found: "none"`,
  ]);
  expect(told({ volumeName: 'other', path: '', key: '' })).toEqual([
    `${at}.key: Required value`,
    `${at}.path: Required value`,
    `${at}.volumeName: Invalid value: "other": referenced volume must be of type emptyDir`,
  ]);
});
