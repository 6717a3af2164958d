import { ensure, type Fields, fill, fillPointers, part, parts, text } from '../fields.ts';

/** `stringData` is for writing only: it becomes `data`, and goes before what stands there. */
export function defaultSecret(secret: Fields): void {
  fill(secret, 'type', 'Opaque');
  const plain = part(secret, 'stringData');
  delete secret.stringData;
  if (plain === undefined || Object.keys(plain).length === 0) return;
  const data = ensure(secret, 'data');
  for (const [key, value] of Object.entries(plain)) data[key] = Buffer.from(String(value)).toString('base64');
}

/** Every namespace can be selected by its own name. */
export function defaultNamespace(namespace: Fields): void {
  const metadata = ensure(namespace, 'metadata');
  const name = text(metadata, 'name');
  if (name !== undefined && name !== '') ensure(metadata, 'labels')['kubernetes.io/metadata.name'] = name;
}

export function defaultNode(node: Fields): void {
  const spec = ensure(node, 'spec');
  const ranges = Array.isArray(spec.podCIDRs) ? spec.podCIDRs : [];
  // The first range stands in both places; the older field decides when they differ.
  if (text(spec, 'podCIDR')) {
    if (ranges[0] !== spec.podCIDR) spec.podCIDRs = [spec.podCIDR];
  } else if (ranges.length > 0) spec.podCIDR = ranges[0];
  const status = part(node, 'status');
  const capacity = part(status, 'capacity');
  if (status !== undefined && capacity !== undefined) fill(status, 'allocatable', { ...capacity });
}

export function defaultPersistentVolume(volume: Fields): void {
  const spec = ensure(volume, 'spec');
  fill(spec, 'persistentVolumeReclaimPolicy', 'Retain');
  fillPointers(spec, { volumeMode: 'Filesystem' });
  const hostPath = part(spec, 'hostPath');
  if (hostPath !== undefined) fill(hostPath, 'type', '');
  fill(ensure(volume, 'status'), 'phase', 'Pending');
}

export function defaultPersistentVolumeClaim(claim: Fields): void {
  fillPointers(ensure(claim, 'spec'), { volumeMode: 'Filesystem' });
  fill(ensure(claim, 'status'), 'phase', 'Pending');
}

/** A container's default limit is the maximum, its default request the default limit, else the minimum. */
export function defaultLimitRange(range: Fields): void {
  for (const item of parts(part(range, 'spec'), 'limits')) {
    if (item.type !== 'Container') continue;
    inherit(item, 'default', part(item, 'max'));
    inherit(item, 'defaultRequest', part(item, 'default'));
    inherit(item, 'defaultRequest', part(item, 'min'));
  }
}

function inherit(item: Fields, field: string, from: Fields | undefined): void {
  if (from === undefined) return;
  const into = ensure(item, field);
  for (const [name, value] of Object.entries(from)) if (!Object.hasOwn(into, name)) into[name] = value;
}

const rbacGroup = 'rbac.authorization.k8s.io';

export function defaultRoleBinding(binding: Fields): void {
  const roleRef = part(binding, 'roleRef');
  if (roleRef !== undefined) fill(roleRef, 'apiGroup', rbacGroup);
  for (const subject of parts(binding, 'subjects')) {
    if (subject.kind === 'User' || subject.kind === 'Group') fill(subject, 'apiGroup', rbacGroup);
  }
}

export function defaultPriorityClass(priorityClass: Fields): void {
  fillPointers(priorityClass, { preemptionPolicy: 'PreemptLowerPriority' });
}

export function defaultStorageClass(storageClass: Fields): void {
  fillPointers(storageClass, { reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' });
}

export function defaultCsiDriver(driver: Fields): void {
  fillPointers(ensure(driver, 'spec'), {
    attachRequired: true,
    fsGroupPolicy: 'ReadWriteOnceWithFSType',
    podInfoOnMount: false,
    requiresRepublish: false,
    seLinuxMount: false,
    storageCapacity: false,
    volumeLifecycleModes: ['Persistent'],
  });
}

/** What v1.35 knows of a class and has not switched on. */
export function defaultDeviceClass(deviceClass: Fields): void {
  delete part(deviceClass, 'spec')?.extendedResourceName;
}

export function defaultResourceClaim(claim: Fields): void {
  defaultClaimSpec(part(claim, 'spec'));
}

export function defaultResourceClaimTemplate(template: Fields): void {
  defaultClaimSpec(part(part(template, 'spec'), 'spec'));
}

function defaultClaimSpec(spec: Fields | undefined): void {
  for (const request of parts(part(spec, 'devices'), 'requests')) {
    const exactly = part(request, 'exactly');
    for (const wanted of [...(exactly === undefined ? [] : [exactly]), ...parts(request, 'firstAvailable')]) {
      fill(wanted, 'allocationMode', 'ExactCount');
      if (wanted.allocationMode === 'ExactCount') fill(wanted, 'count', 1);
    }
  }
}
