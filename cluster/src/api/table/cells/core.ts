import type { KubeObject } from '@berth/kube/objects';
import { age } from '../duration.ts';
import type { Cells } from './cell.ts';
import { at, count, labels, list, none, orNone, text, texts } from './reading.ts';

const accessModes: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};

const eventCells: Cells = {
  'Last Seen': (event, now) =>
    since(
      now,
      at(event, 'series', 'lastObservedTime'),
      event.lastTimestamp ?? event.deprecatedLastTimestamp,
      event.eventTime,
      event.metadata.creationTimestamp,
    ),
  'First Seen': (event, now) =>
    since(
      now,
      event.firstTimestamp ?? event.deprecatedFirstTimestamp,
      event.eventTime,
      event.metadata.creationTimestamp,
    ),
  Object: (event) => {
    const object = event.involvedObject ?? event.regarding;
    return `${text(object, 'kind').toLowerCase()}/${text(object, 'name')}`;
  },
  Source: (event) => {
    const source = event.source ?? event.deprecatedSource;
    const component =
      text(source, 'component') || text(event, 'reportingComponent') || text(event, 'reportingController');
    const host = text(source, 'host') || text(event, 'reportingInstance');
    return host === '' ? component : `${component}, ${host}`;
  },
  Count: (event) => at(event, 'series', 'count') ?? event.count ?? event.deprecatedCount ?? 1,
  Message: (event) => text(event, 'message').trim() || text(event, 'note').trim(),
};

export const coreCells: Readonly<Record<string, Cells>> = {
  '/ConfigMap': { Data: (object) => count(object, 'data') + count(object, 'binaryData') },
  '/Secret': { Data: (object) => count(object, 'data') },
  '/Endpoints': { Endpoints: endpoints },
  '/Event': eventCells,
  'events.k8s.io/Event': eventCells,
  '/Node': {
    Status: nodeStatus,
    Roles: nodeRoles,
    'Internal-IP': (node) => address(node, 'InternalIP'),
    'External-IP': (node) => address(node, 'ExternalIP'),
    'OS-Image': (node) => text(node, 'status', 'nodeInfo', 'osImage') || '<unknown>',
    'Kernel-Version': (node) => text(node, 'status', 'nodeInfo', 'kernelVersion') || '<unknown>',
    'Container-Runtime': (node) => text(node, 'status', 'nodeInfo', 'containerRuntimeVersion') || '<unknown>',
  },
  '/PersistentVolumeClaim': {
    Status: (claim) => (claim.metadata.deletionTimestamp ? 'Terminating' : text(claim, 'status', 'phase')),
    Capacity: (claim) => text(claim, 'status', 'capacity', 'storage'),
    'Access Modes': (claim) => modes(texts(claim, 'status', 'accessModes')),
    StorageClass: storageClass,
    VolumeAttributesClass: (claim) => orNone(text(claim, 'spec', 'volumeAttributesClassName')).replace(none, '<unset>'),
    VolumeMode: (claim) => text(claim, 'spec', 'volumeMode') || '<unset>',
  },
  '/PersistentVolume': {
    Status: (volume) => (volume.metadata.deletionTimestamp ? 'Terminating' : text(volume, 'status', 'phase')),
    Capacity: (volume) => text(volume, 'spec', 'capacity', 'storage'),
    'Access Modes': (volume) => modes(texts(volume, 'spec', 'accessModes')),
    Claim: (volume) => {
      const claim = at(volume, 'spec', 'claimRef');
      return claim ? `${text(claim, 'namespace')}/${text(claim, 'name')}` : '';
    },
    StorageClass: storageClass,
    VolumeAttributesClass: (volume) =>
      orNone(text(volume, 'spec', 'volumeAttributesClassName')).replace(none, '<unset>'),
    VolumeMode: (volume) => text(volume, 'spec', 'volumeMode') || '<unset>',
  },
  '/ResourceQuota': {
    Request: (quota) => quotaText(quota, (name) => !name.startsWith('limits.')),
    Limit: (quota) => quotaText(quota, (name) => name.startsWith('limits.')),
  },
  '/Service': {
    'Cluster-IP': (service) => text(service, 'spec', 'clusterIP') || none,
    'External-IP': externalIp,
    'Port(s)': ports,
    Selector: (service) => labels(at(service, 'spec', 'selector')),
  },
};

/** The first of several times that is set. */
function since(now: Date, ...times: unknown[]): string {
  const time = times.find((one) => typeof one === 'string' && one !== '');
  return age(time as string | undefined, now);
}

function endpoints(object: KubeObject): string {
  const all = list(object, 'subsets').flatMap((subset) => {
    const numbers = list(subset, 'ports').map((port) => text(port, 'port'));
    const addresses = list(subset, 'addresses').map((one) => text(one, 'ip'));
    if (numbers.length === 0) return addresses;
    return numbers.flatMap((port) => addresses.map((ip) => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`)));
  });
  if (all.length === 0) return none;
  return all.length > 3 ? `${all.slice(0, 3).join(',')} + ${all.length - 3} more...` : all.join(',');
}

function nodeStatus(node: KubeObject): string {
  const ready = list(node, 'status', 'conditions').find((one) => one.type === 'Ready');
  const status = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady';
  return at(node, 'spec', 'unschedulable') === true ? `${status},SchedulingDisabled` : status;
}

function nodeRoles(node: KubeObject): string {
  const prefix = 'node-role.kubernetes.io/';
  const roles = Object.entries(node.metadata.labels ?? {}).flatMap(([label, value]) => {
    if (label.startsWith(prefix) && label.length > prefix.length) return label.slice(prefix.length);
    return label === 'kubernetes.io/role' && value !== '' ? value : [];
  });
  return orNone([...new Set(roles)].sort().join(','));
}

function address(node: KubeObject, type: string): string {
  return orNone(
    text(
      list(node, 'status', 'addresses').find((one) => one.type === type),
      'address',
    ),
  );
}

/** By the annotation of old, or by the field. */
function storageClass(object: KubeObject): string {
  const old = object.metadata.annotations?.['volume.beta.kubernetes.io/storage-class'];
  return old ?? text(object, 'spec', 'storageClassName');
}

function modes(names: readonly string[]): string {
  return [...new Set(names)].map((name) => accessModes[name] ?? name).join(',');
}

function quotaText(quota: KubeObject, wanted: (name: string) => boolean): string {
  const hard = (at(quota, 'status', 'hard') ?? at(quota, 'spec', 'hard') ?? {}) as Record<string, string>;
  const names = Object.keys(hard).filter(wanted).sort();
  return names.map((name) => `${name}: ${text(quota, 'status', 'used', name) || '0'}/${hard[name]}`).join(', ');
}

function externalIp(service: KubeObject): string {
  const external = texts(service, 'spec', 'externalIPs');
  switch (text(service, 'spec', 'type')) {
    case 'ExternalName':
      return text(service, 'spec', 'externalName');
    case 'LoadBalancer': {
      const given = list(service, 'status', 'loadBalancer', 'ingress').map(
        (one) => text(one, 'ip') || text(one, 'hostname'),
      );
      return [...given, ...external].join(',') || '<pending>';
    }
    default:
      return external.join(',') || none;
  }
}

function ports(service: KubeObject): string {
  const all = list(service, 'spec', 'ports').map((port) => {
    const node = at(port, 'nodePort');
    return `${text(port, 'port')}${node ? `:${String(node)}` : ''}/${text(port, 'protocol') || 'TCP'}`;
  });
  return orNone(all.join(','));
}
