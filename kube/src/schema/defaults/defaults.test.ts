import { describe, expect, it } from 'vitest';
import { applyDefaults, decodeObject, kindForObject, kinds, prepareForCreate } from '../index.ts';

function fresh(object: { apiVersion: string; kind: string } & Record<string, unknown>) {
  const kind = kindForObject(object.apiVersion, object.kind);
  if (kind === undefined) throw new Error(`no kind ${object.kind}`);
  const decoded = decodeObject(kind, object, { mode: 'Strict' }).object;
  return prepareForCreate(kind, applyDefaults(kind, decoded));
}

const container = { name: 'c', image: 'nginx' };
const defaultedContainer = {
  ...container,
  imagePullPolicy: 'Always',
  resources: {},
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
};
const defaultedPodSpec = {
  containers: [defaultedContainer],
  dnsPolicy: 'ClusterFirst',
  restartPolicy: 'Always',
  schedulerName: 'default-scheduler',
  securityContext: {},
  terminationGracePeriodSeconds: 30,
};

describe('defaults', () => {
  it("turns a secret's plain strings into data, over what was there", () => {
    const secret = fresh({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's' },
      data: { user: 'b2xk', kept: 'eA==' },
      stringData: { user: 'admin', password: 'pw' },
    });
    expect(secret).toEqual({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's' },
      type: 'Opaque',
      data: { user: 'YWRtaW4=', kept: 'eA==', password: 'cHc=' },
    });
  });

  it('makes of the smallest pod what a cluster makes of it', () => {
    const pod = fresh({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { containers: [container] } });
    expect(pod).toEqual({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p' },
      spec: { ...defaultedPodSpec, enableServiceLinks: true },
      status: { phase: 'Pending', qosClass: 'BestEffort' },
    });
  });

  it('knows what a cluster has switched off, and does not keep it', () => {
    const pods = { containers: [container], workloadRef: { name: 'w', podGroup: 'g' } };
    const bare = fresh({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: pods });
    expect(bare.spec).not.toHaveProperty('workloadRef');
    const job = { spec: { template: { spec: pods } } };
    const timed = fresh({
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: 'p' },
      spec: { jobTemplate: job },
    });
    expect(JSON.stringify(timed)).not.toContain('workloadRef');
    const set = (rollingUpdate: object) => ({
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 's' },
      spec: { template: { spec: pods }, updateStrategy: { type: 'RollingUpdate', rollingUpdate } },
    });
    const updateStrategy = { type: 'RollingUpdate', rollingUpdate: { partition: 0 } };
    expect(fresh(set({ maxUnavailable: 2 })).spec).toMatchObject({ updateStrategy });
    expect(JSON.stringify(fresh(set({ maxUnavailable: 2 })))).not.toMatch(/maxUnavailable|workloadRef/);
    expect(JSON.stringify(fresh(set({})))).not.toContain('maxUnavailable');
  });

  it('fills in probes, ports, volumes, requests and the old name of the service account', () => {
    const pod = fresh({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p' },
      spec: {
        serviceAccountName: 'robot',
        containers: [
          {
            name: 'c',
            image: 'host:5000/x:1.2',
            ports: [{ containerPort: 80 }],
            resources: { limits: { cpu: '1', memory: '1Gi' } },
            readinessProbe: { httpGet: { port: 80 }, timeoutSeconds: 0 },
            livenessProbe: { grpc: { port: 90 } },
            env: [{ name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }],
          },
        ],
        volumes: [{ name: 'a' }, { name: 'b', secret: { secretName: 's' } }, { name: 'c', hostPath: { path: '/' } }],
      },
    });
    const spec = pod.spec as Record<string, unknown>;
    expect(spec).toMatchObject({
      serviceAccount: 'robot',
      volumes: [
        { name: 'a', emptyDir: {} },
        { name: 'b', secret: { secretName: 's', defaultMode: 420 } },
        { name: 'c', hostPath: { path: '/', type: '' } },
      ],
      containers: [
        {
          imagePullPolicy: 'IfNotPresent',
          ports: [{ containerPort: 80, protocol: 'TCP' }],
          resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1', memory: '1Gi' } },
          readinessProbe: {
            httpGet: { path: '/', port: 80, scheme: 'HTTP' },
            timeoutSeconds: 1,
            periodSeconds: 10,
            successThreshold: 1,
            failureThreshold: 3,
          },
          livenessProbe: { grpc: { port: 90, service: '' } },
          env: [{ name: 'IP', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'status.podIP' } } }],
        },
      ],
    });
    expect(pod.status).toEqual({ phase: 'Pending', qosClass: 'Guaranteed' });
  });

  it.each([
    ['nginx', 'Always'],
    ['nginx:latest', 'Always'],
    ['nginx:1', 'IfNotPresent'],
    ['host:5000/nginx', 'Always'],
    ['nginx@sha256:abc', 'IfNotPresent'],
  ])('pulls %s %s', (image, policy) => {
    const pod = fresh({ apiVersion: 'v1', kind: 'Pod', spec: { containers: [{ name: 'c', image }] } });
    expect(pod.spec).toMatchObject({ containers: [{ imagePullPolicy: policy }] });
  });

  it('makes of a deployment what a cluster makes of it', () => {
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [container] } };
    const selector = { matchLabels: { a: 'b' } };
    const deployment = fresh({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'd' },
      spec: { selector, template },
    });
    expect(deployment).toEqual({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'd' },
      spec: {
        progressDeadlineSeconds: 600,
        replicas: 1,
        revisionHistoryLimit: 10,
        selector,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
        template: { metadata: { labels: { a: 'b' } }, spec: defaultedPodSpec },
      },
      status: {},
    });
    const recreate = fresh({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      spec: { replicas: 0, strategy: { type: 'Recreate' } },
    });
    expect(recreate.spec).toMatchObject({ replicas: 0, strategy: { type: 'Recreate' } });
    expect(recreate.spec).not.toHaveProperty('strategy.rollingUpdate');
  });

  it('gives a job its selector', () => {
    const job = fresh({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'j', uid: 'u' },
      spec: { template: { spec: { containers: [container], restartPolicy: 'Never' } } },
    });
    expect(job.spec).toMatchObject({
      backoffLimit: 6,
      completionMode: 'NonIndexed',
      completions: 1,
      parallelism: 1,
      suspend: false,
      selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': 'u' } },
      template: {
        metadata: { labels: { 'batch.kubernetes.io/job-name': 'j', 'job-name': 'j', 'controller-uid': 'u' } },
      },
    });
  });

  it.each([
    [
      { ports: [{ port: 80 }] },
      {
        type: 'ClusterIP',
        sessionAffinity: 'None',
        internalTrafficPolicy: 'Cluster',
        ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
      },
    ],
    [
      { type: 'NodePort', ports: [{ port: 80, targetPort: 'http' }] },
      { externalTrafficPolicy: 'Cluster', ports: [{ targetPort: 'http' }] },
    ],
    [{ sessionAffinity: 'ClientIP' }, { sessionAffinityConfig: { clientIP: { timeoutSeconds: 10800 } } }],
  ])('completes the service %j', (spec, expected) => {
    expect(fresh({ apiVersion: 'v1', kind: 'Service', spec }).spec).toMatchObject(expected);
  });

  it.each([
    ['v1', 'Secret', {}, { type: 'Opaque' }],
    [
      'v1',
      'Namespace',
      { metadata: { name: 'n' } },
      {
        metadata: { labels: { 'kubernetes.io/metadata.name': 'n' } },
        spec: { finalizers: ['kubernetes'] },
        status: { phase: 'Active' },
      },
    ],
    ['v1', 'PersistentVolumeClaim', {}, { spec: { volumeMode: 'Filesystem' }, status: { phase: 'Pending' } }],
    [
      'batch/v1',
      'CronJob',
      {},
      {
        spec: { concurrencyPolicy: 'Allow', suspend: false, successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 1 },
      },
    ],
    [
      'networking.k8s.io/v1',
      'NetworkPolicy',
      { spec: { egress: [{}] } },
      { spec: { policyTypes: ['Ingress', 'Egress'], podSelector: {} } },
    ],
    [
      'rbac.authorization.k8s.io/v1',
      'RoleBinding',
      {
        roleRef: { kind: 'Role', name: 'r' },
        subjects: [
          { kind: 'User', name: 'u' },
          { kind: 'ServiceAccount', name: 's' },
        ],
      },
      {
        roleRef: { apiGroup: 'rbac.authorization.k8s.io' },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io' }, { kind: 'ServiceAccount', name: 's' }],
      },
    ],
    ['autoscaling/v2', 'HorizontalPodAutoscaler', {}, { spec: { minReplicas: 1, metrics: [{ type: 'Resource' }] } }],
    [
      'v1',
      'LimitRange',
      { spec: { limits: [{ type: 'Container', max: { cpu: '2' }, min: { cpu: '1' } }] } },
      { spec: { limits: [{ default: { cpu: '2' }, defaultRequest: { cpu: '2' } }] } },
    ],
    [
      'apps/v1',
      'StatefulSet',
      {},
      {
        spec: {
          podManagementPolicy: 'OrderedReady',
          replicas: 1,
          updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
        },
      },
    ],
    ['apps/v1', 'DaemonSet', {}, { spec: { updateStrategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } } } }],
  ])('completes %s %s', (apiVersion, kind, object, expected) => {
    expect(fresh({ apiVersion, kind, ...object })).toMatchObject(expected);
  });

  it('changes nothing the second time, for every kind', () => {
    for (const kind of kinds) {
      const object = decodeObject(kind, {}, { mode: 'Strict' }).object;
      const once = structuredClone(applyDefaults(kind, object));
      expect(applyDefaults(kind, object), kind.kind).toEqual(once);
      expect(decodeObject(kind, once, { mode: 'Strict' }).warnings, kind.kind).toEqual([]);
    }
  });
});

it('a claim of devices has a status that a patch can add to', () => {
  const claim = { apiVersion: 'resource.k8s.io/v1', kind: 'ResourceClaim', metadata: { name: 'c' }, spec: {} };
  expect(fresh(claim).status).toEqual({});
});
