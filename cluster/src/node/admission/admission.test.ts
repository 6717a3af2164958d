import type { Node, Pod, PodSpec } from '@berth/kube/objects';
import { expect, test } from 'vitest';
import { appArmorProfileOf, refusalOf, sysctlName } from './index.ts';

const node = (status: Node['status'] = {}): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'n1', labels: { 'kubernetes.io/os': 'linux' } },
  status: { allocatable: { pods: '1' }, ...status },
});
const machine = { kernelVersion: '6.1.0-18-amd64', appArmor: false };

function pod(spec: Partial<PodSpec>, metadata: Partial<Pod['metadata']> = {}): Pod {
  const containers = [{ name: 'main', image: 'a' }];
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', ...metadata }, spec: { containers, ...spec } };
}

const refusal = (asking: Pod, on: Partial<typeof machine> = {}, where = node()) =>
  refusalOf(asking, { node: where, others: [], machine: { ...machine, ...on } });
const asks = (...names: string[]) => ({ sysctls: names.map((name) => ({ name, value: '1' })) });
const appArmor = (type: 'Localhost' | 'RuntimeDefault' | 'Unconfined', localhostProfile?: string) => ({
  appArmorProfile: { type, ...(localhostProfile === undefined ? {} : { localhostProfile }) },
});

test.each([
  ['a safe one', pod({ securityContext: asks('net.ipv4.tcp_syncookies', 'kernel.shm_rmid_forced') }), undefined],
  ['a safe one with slashes', pod({ securityContext: asks('net/ipv4/tcp_rmem') }), undefined],
  [
    'one that is not safe',
    pod({ securityContext: asks('kernel.shm_rmid_forced', 'kernel/msgmax') }),
    '"kernel.msgmax" not allowlisted',
  ],
  [
    "one of the machine's network",
    pod({ hostNetwork: true, securityContext: asks('net.ipv4.ip_local_port_range') }),
    '"net.ipv4.ip_local_port_range" not allowed with host Net enabled',
  ],
  [
    "one of the machine's processes' shared memory",
    pod({ hostIPC: true, securityContext: asks('kernel.shm_rmid_forced') }),
    '"kernel.shm_rmid_forced" not allowed with host IPC enabled',
  ],
  ['one of another namespace', pod({ hostNetwork: true, securityContext: asks('kernel.shm_rmid_forced') }), undefined],
])('of settings of the kernel, %s', (_, asking, why) => {
  const expected = why && { reason: 'SysctlForbidden', message: `forbidden sysctl: ${why}` };
  expect(refusal(asking)).toEqual(expected);
});

test('a setting is safe from the kernel on that keeps it apart', () => {
  const asking = pod({ securityContext: asks('net.ipv4.tcp_rmem') });
  expect(refusal(asking, { kernelVersion: '4.14.336' })?.reason).toBe('SysctlForbidden');
  expect(refusal(asking, { kernelVersion: '4.15.0' })).toBeUndefined();
  expect(refusal(asking, { kernelVersion: '5.4.0' })).toBeUndefined();
});

test('names of settings are read as sysctl reads them', () => {
  expect(sysctlName('net/ipv4/conf/eno2.100/rp_filter')).toBe('net.ipv4.conf.eno2/100.rp_filter');
  expect(sysctlName('net.ipv4.conf.eno2/100.rp_filter')).toBe('net.ipv4.conf.eno2/100.rp_filter');
});

test('a pod for another system is not taken', () => {
  expect(refusal(pod({ os: { name: 'windows' } }))).toEqual({
    reason: 'PodOSNotSupported',
    message: "Failed to admit pod as the OS field doesn't match node OS",
  });
  expect(refusal(pod({}, { labels: { 'kubernetes.io/os': 'windows' } }))).toEqual({
    reason: 'PodOSSelectorNodeLabelDoesNotMatch',
    message: "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label",
  });
  expect(refusal(pod({ nodeSelector: { 'kubernetes.io/os': 'windows' } }))?.reason).toBe('NodeAffinity');
  expect(refusal(pod({ os: { name: 'linux' } }, { labels: { 'kubernetes.io/os': 'linux' } }))).toBeUndefined();
});

test('groups are kept strictly only where the runtime can', () => {
  const asking = pod({ securityContext: { supplementalGroupsPolicy: 'Strict' } });
  expect(refusal(asking)).toEqual({
    reason: 'SupplementalGroupsPolicyNotSupported',
    message: 'SupplementalGroupsPolicy=Strict is not supported in this node',
  });
  expect(refusal(asking, {}, node({ features: { supplementalGroupsPolicy: true } }))).toBeUndefined();
  expect(refusal(pod({ securityContext: { supplementalGroupsPolicy: 'Merge' } }))).toBeUndefined();
});

test('a pod that AppArmor shall confine is taken only where it does', () => {
  const refused = { reason: 'AppArmor', message: 'Cannot enforce AppArmor: AppArmor is not enabled on the host' };
  const ofContainer = pod({ containers: [{ name: 'main', securityContext: appArmor('RuntimeDefault') }] });
  const annotated = pod({}, { annotations: { 'container.apparmor.security.beta.kubernetes.io/main': 'localhost/x' } });
  for (const asking of [pod({ securityContext: appArmor('Localhost', 'x') }), ofContainer, annotated]) {
    expect(refusal(asking)).toEqual(refused);
    expect(refusal(asking, { appArmor: true })).toBeUndefined();
  }
  expect(refusal(pod({ securityContext: appArmor('Unconfined') }))).toBeUndefined();
  expect(refusal(pod({ securityContext: appArmor('Localhost', ' ') }), { appArmor: true })?.reason).toBe('AppArmor');
});

test('of profiles, the nearest to the container counts', () => {
  const [main = { name: '' }] = pod({}).spec?.containers ?? [];
  const ofPod = pod({ securityContext: appArmor('Unconfined') });
  expect(appArmorProfileOf(ofPod, main)).toEqual({ type: 'Unconfined' });
  const annotations = { 'container.apparmor.security.beta.kubernetes.io/main': 'localhost/x' };
  const named = { ...ofPod, metadata: { name: 'web', annotations } };
  expect(appArmorProfileOf(named, main)).toEqual({ type: 'Localhost', localhostProfile: 'x' });
  const own = { ...main, securityContext: appArmor('RuntimeDefault') };
  expect(appArmorProfileOf(named, own)).toEqual({ type: 'RuntimeDefault' });
});
