import { sameData } from '../../patch/index.ts';
import { type Fields, part, parts, text } from '../fields.ts';
import { dnsSubdomain, immutableMessage, negativeMessage, qualifiedName } from './names.ts';
import type { Problems } from './problems.ts';
import { validateQuantity } from './resources.ts';
import { validateLabelSelector } from './selector.ts';

type Rule = (object: Fields, problems: Problems, old?: Fields) => void;

function changed(object: Fields, old: Fields | undefined, fields: readonly string[], problems: Problems): void {
  if (old === undefined) return;
  for (const field of fields) {
    if (!sameData(object[field], old[field])) problems.forbidden(field, `updates to ${field} are forbidden.`);
  }
}

function fixed(now: unknown, before: unknown, at: string, problems: Problems): void {
  if (!sameData(now, before)) problems.invalid(at, now ?? null, immutableMessage);
}

const bindingModes = ['Immediate', 'WaitForFirstConsumer'];
const reclaimPolicies = ['Delete', 'Retain'];

export const validateStorageClass: Rule = (object, problems, old) => {
  validateProvisioner(text(object, 'provisioner') ?? '', 'provisioner', problems);
  validateParameters(part(object, 'parameters'), true, problems);
  const reclaim = text(object, 'reclaimPolicy') ?? '';
  if (reclaim !== '' && !reclaimPolicies.includes(reclaim))
    problems.unsupported('reclaimPolicy', reclaim, reclaimPolicies);
  const mode = text(object, 'volumeBindingMode');
  if (mode === undefined) problems.required('volumeBindingMode');
  else if (!bindingModes.includes(mode)) problems.unsupported('volumeBindingMode', mode, bindingModes);
  const terms = parts(object, 'allowedTopologies');
  // What asks for nothing says the same as the terms that Kubernetes has not looked at yet.
  const seen = new Set<string>(terms.length > 0 ? ['[]'] : []);
  terms.forEach((term, index) => {
    const keys = new Set<string>();
    parts(term, 'matchLabelExpressions').forEach((expression, position) => {
      const at = `allowedTopologies[${index}].matchLabelExpressions[${position}]`;
      const values = Array.isArray(expression.values) ? (expression.values as string[]) : [];
      if (values.length === 0) problems.required(`${at}.values`);
      values.forEach((value, place) => {
        if (values.indexOf(value) < place) problems.duplicate(`${at}.values[${place}]`, value);
      });
      const key = text(expression, 'key') ?? '';
      for (const message of qualifiedName(key)) problems.invalid(`${at}.key`, key, message);
      if (keys.has(key)) problems.duplicate(`${at}.key`, key);
      keys.add(key);
    });
    const asked = parts(term, 'matchLabelExpressions').map(({ key = '', values }) => [
      key,
      [...new Set(Array.isArray(values) ? (values as string[]) : [])].sort(),
    ]);
    const whole = JSON.stringify([...new Map(asked as [string, string[]][])].sort(([a], [b]) => (a < b ? -1 : 1)));
    if (seen.has(whole)) problems.duplicate(`allowedTopologies[${index}].matchLabelExpressions`, '');
    seen.add(whole);
  });
  changed(object, old, ['parameters', 'provisioner', 'reclaimPolicy'], problems);
  if (old !== undefined) fixed(object.volumeBindingMode, old.volumeBindingMode, 'volumeBindingMode', problems);
};

function validateProvisioner(name: string, at: string, problems: Problems): void {
  if (name === '') problems.required(at);
  else for (const message of qualifiedName(name.toLowerCase())) problems.invalid(at, name.toLowerCase(), message);
}

function validateParameters(parameters: Fields | undefined, mayBeEmpty: boolean, problems: Problems): void {
  const keys = Object.keys(parameters ?? {});
  if (keys.includes('')) problems.invalid('parameters', '', 'field can not be empty.');
  if (keys.length > 512) problems.tooLong('Provisioner Parameters exceeded max allowed', 512);
  if (keys.length === 0 && !mayBeEmpty) problems.required('parameters', 'must contain at least one key/value pair');
}

export const validateVolumeAttributesClass: Rule = (object, problems, old) => {
  changed(object, old, ['driverName', 'parameters'], problems);
  validateProvisioner(text(object, 'driverName') ?? '', 'driverName', problems);
  validateParameters(part(object, 'parameters'), false, problems);
};

const lifecycleModes = ['Persistent', 'Ephemeral'];
const groupPolicies = ['File', 'None', 'ReadWriteOnceWithFSType'];

export const validateCsiDriver: Rule = (object, problems, old) => {
  const spec = part(object, 'spec') ?? {};
  for (const field of ['attachRequired', 'podInfoOnMount', 'storageCapacity']) {
    if (spec[field] === undefined) problems.required(`spec.${field === 'attachRequired' ? 'attachedRequired' : field}`);
  }
  const modes = Array.isArray(spec.volumeLifecycleModes) ? (spec.volumeLifecycleModes as string[]) : [];
  for (const mode of modes) {
    if (!lifecycleModes.includes(mode)) problems.unsupported('spec.volumeLifecycleModes', mode, lifecycleModes);
  }
  const policy = text(spec, 'fsGroupPolicy');
  if (policy === undefined) problems.required('spec.fsGroupPolicy');
  else if (!groupPolicies.includes(policy)) problems.unsupported('spec.fsGroupPolicy', policy, groupPolicies);
  const audiences = new Set<string>();
  parts(spec, 'tokenRequests').forEach((request, index) => {
    const at = `spec.tokenRequests[${index}]`;
    const audience = text(request, 'audience') ?? '';
    if (audiences.has(audience)) problems.duplicate(`${at}.audience`, audience);
    audiences.add(audience);
    const seconds = request.expirationSeconds;
    if (typeof seconds !== 'number') return;
    if (seconds < 600)
      problems.invalid(`${at}.expirationSeconds`, seconds, 'may not specify a duration less than 10 minutes');
    if (seconds > 2 ** 32)
      problems.invalid(`${at}.expirationSeconds`, seconds, 'may not specify a duration larger than 2^32 seconds');
  });
  const before = part(old, 'spec');
  if (before === undefined) return;
  fixed(spec.attachRequired, before.attachRequired, 'spec.attachedRequired', problems);
  fixed(spec.volumeLifecycleModes, before.volumeLifecycleModes, 'spec.volumeLifecycleModes', problems);
};

/** The name of a storage or device driver. */
export function validateDriverName(name: string, at: string, problems: Problems): void {
  if (name === '') problems.required(at);
  if (name.length > 63) problems.tooLong(at, 63);
  for (const message of name === '' ? [] : dnsSubdomain(name.toLowerCase())) problems.invalid(at, name, message);
}

export const validateCsiNode: Rule = (object, problems, old) => {
  const before = new Map(parts(part(old, 'spec'), 'drivers').map((driver) => [driver.name, driver]));
  const names = new Set<string>();
  parts(part(object, 'spec'), 'drivers').forEach((driver, index) => {
    const at = `spec.drivers[${index}]`;
    const name = text(driver, 'name') ?? '';
    validateDriverName(name, `${at}.name`, problems);
    const node = text(driver, 'nodeID') ?? '';
    if (node === '') problems.required(`${at}.nodeID`);
    if (node.length > 256) problems.invalid(`${at}.nodeID`, node, 'must be 256 characters or less');
    const count = part(driver, 'allocatable')?.count;
    if (typeof count === 'number' && count < 0) problems.invalid(`${at}.allocatable.count`, count, negativeMessage);
    const keys = Array.isArray(driver.topologyKeys) ? (driver.topologyKeys as string[]) : [];
    keys.forEach((key, position) => {
      if (key === '') problems.required(at);
      if (keys.indexOf(key) < position) problems.duplicate(at, key);
      for (const message of qualifiedName(key)) problems.invalid(at, key, message);
    });
    if (names.has(name)) problems.duplicate(`${at}.name`, name);
    names.add(name);
    const was = before.get(name);
    if (
      was !== undefined &&
      !(sameData(was.nodeID, driver.nodeID) && sameData(was.topologyKeys, driver.topologyKeys))
    ) {
      const shown = {
        Name: name,
        NodeID: node,
        TopologyKeys: keys.length > 0 ? keys : null,
        // Shown without what may change.
        Allocatable: null,
      };
      problems.invalid('spec.drivers', shown, immutableMessage);
    }
  });
};

export const validateCsiStorageCapacity: Rule = (object, problems, old) => {
  const storageClass = text(object, 'storageClassName') ?? '';
  for (const message of dnsSubdomain(storageClass)) problems.invalid('storageClassName', storageClass, message);
  const topology = part(object, 'nodeTopology');
  if (topology !== undefined) validateLabelSelector(topology, 'nodeTopology', problems);
  if (object.capacity !== undefined) validateQuantity(object.capacity, 'capacity', problems);
  if (old === undefined) return;
  fixed(object.nodeTopology, old.nodeTopology, 'nodeTopology', problems);
  fixed(object.storageClassName, old.storageClassName, 'storageClassName', problems);
};

export const validateVolumeAttachment: Rule = (object, problems, old) => {
  const spec = part(object, 'spec') ?? {};
  validateDriverName(text(spec, 'attacher') ?? '', 'spec.attacher', problems);
  const source = part(spec, 'source');
  const volume = text(source, 'persistentVolumeName');
  const inline = source?.inlineVolumeSpec;
  const one = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';
  if (volume === undefined && inline === undefined) problems.required('spec.source', one);
  else if (volume !== undefined && inline !== undefined) problems.forbidden('spec.source', one);
  if (volume !== undefined) {
    if (volume === '')
      problems.required('spec.source.persistentVolumeName', 'must specify non empty persistentVolumeName');
    for (const message of dnsSubdomain(volume)) problems.invalid('spec.source.persistentVolumeName', volume, message);
  }
  const node = text(spec, 'nodeName') ?? '';
  for (const message of dnsSubdomain(node)) problems.invalid('spec.nodeName', node, message);
  const before = part(old, 'spec');
  if (before === undefined || sameData(spec, before)) return;
  const shown = {
    Attacher: spec.attacher ?? '',
    Source: { PersistentVolumeName: volume ?? null, InlineVolumeSpec: inline ?? null },
    NodeName: node,
  };
  problems.invalid('spec', shown, immutableMessage);
};
