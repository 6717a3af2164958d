import { isQuantity, parseQuantity } from '../../quantity/index.ts';
import { type Fields, part, parts, text } from '../fields.ts';
import { validateHostPath } from './host-path.ts';
import { dnsLabel, dnsSubdomain } from './names.ts';
import { validateDescendingPath } from './paths.ts';
import { validateClaimSpec } from './persistent-volumes.ts';
import type { Problems } from './problems.ts';

const modeMessage = 'must be a number between 0 and 0777 (octal), both inclusive';

/**
 * The volumes of a pod. Answers the names of those that may be mounted: the others are told of already. `pod` is the
 * pod's name where it is known, since the claims that are made for it bear it.
 */
export function validateVolumes(spec: Fields, path: string, pod: string, problems: Problems): Set<string> {
  const names = new Set<string>();
  const usable = new Set<string>();
  parts(spec, 'volumes').forEach((volume, index) => {
    const at = `${path}.volumes[${index}]`;
    const before = problems.causes.length;
    const name = text(volume, 'name') ?? '';
    const sources = Object.keys(volume).filter((field) => field !== 'name');
    if (sources.length === 0) problems.required(at, 'must specify a volume type');
    for (const extra of sources.slice(1))
      problems.forbidden(`${at}.${extra}`, 'may not specify more than 1 volume type');
    validateSource(volume, at, spec, problems);
    if (part(volume, 'ephemeral') !== undefined && name !== '' && pod !== '') {
      const claim = `${pod}-${name}`;
      for (const message of dnsSubdomain(claim))
        problems.invalid(`${at}.name`, name, `PVC name ${JSON.stringify(claim)}: ${message}`);
    }
    if (name === '') problems.required(`${at}.name`);
    else for (const message of dnsLabel(name)) problems.invalid(`${at}.name`, name, message);
    if (name !== '' && names.has(name)) problems.duplicate(`${at}.name`, name);
    names.add(name);
    if (problems.causes.length === before) usable.add(name);
  });
  return usable;
}

function validateSource(volume: Fields, at: string, spec: Fields, problems: Problems): void {
  const emptyDir = part(volume, 'emptyDir');
  if (isQuantity(emptyDir?.sizeLimit) && parseQuantity(emptyDir.sizeLimit).nanos < 0n) {
    problems.forbidden(`${at}.emptyDir.sizeLimit`, 'SizeLimit field must be a valid resource quantity');
  }
  const hostPath = part(volume, 'hostPath');
  if (hostPath !== undefined) validateHostPath(hostPath, `${at}.hostPath`, problems);
  const nfs = part(volume, 'nfs');
  if (nfs !== undefined) {
    if (!text(nfs, 'server')) problems.required(`${at}.nfs.server`);
    const path = text(nfs, 'path') ?? '';
    if (path === '') problems.required(`${at}.nfs.path`);
    if (!path.startsWith('/')) problems.invalid(`${at}.nfs.path`, path, 'must be an absolute path');
  }
  for (const [source, field] of [
    ['secret', 'secretName'],
    ['configMap', 'name'],
  ] as const) {
    const found = part(volume, source);
    if (found === undefined) continue;
    if (!text(found, field)) problems.required(`${at}.${source}.${field}`);
    validateMode(found.defaultMode, `${at}.${source}.defaultMode`, problems);
    validateItems(found, `${at}.${source}`, problems);
  }
  const claim = part(volume, 'persistentVolumeClaim');
  if (claim !== undefined && !text(claim, 'claimName')) problems.required(`${at}.persistentVolumeClaim.claimName`);
  const downward = part(volume, 'downwardAPI');
  if (downward !== undefined) {
    validateMode(downward.defaultMode, `${at}.downwardAPI.defaultMode`, problems);
    for (const item of parts(downward, 'items')) validateDownwardItem(item, `${at}.downwardAPI`, problems);
  }
  const projected = part(volume, 'projected');
  if (projected !== undefined) validateProjected(projected, `${at}.projected`, spec, problems);
  const csi = part(volume, 'csi');
  if (csi !== undefined) {
    const driver = text(csi, 'driver') ?? '';
    if (driver === '') problems.required(`${at}.csi.driver`);
    if (driver.length > 63) problems.tooLong(`${at}.csi.driver`, 63);
    if (driver !== '')
      for (const message of dnsSubdomain(driver.toLowerCase())) problems.invalid(`${at}.csi.driver`, driver, message);
  }
  const ephemeral = part(volume, 'ephemeral');
  if (ephemeral !== undefined) {
    const template = part(ephemeral, 'volumeClaimTemplate');
    if (template === undefined) problems.required(`${at}.ephemeral.volumeClaimTemplate`);
    else validateClaimSpec(part(template, 'spec') ?? {}, `${at}.ephemeral.volumeClaimTemplate.spec`, problems);
  }
}

function validateMode(mode: unknown, at: string, problems: Problems): void {
  if (typeof mode === 'number' && (mode < 0 || mode > 0o777)) problems.invalid(at, mode, modeMessage);
}

/** Keys and the files that they become. */
function validateItems(source: Fields, at: string, problems: Problems): string[] {
  return parts(source, 'items').map((item, index) => {
    const path = `${at}.items[${index}]`;
    if (!text(item, 'key')) problems.required(`${path}.key`);
    const file = text(item, 'path') ?? '';
    if (file === '') problems.required(`${path}.path`);
    else validateLocalPath(file, `${path}.path`, problems);
    validateMode(item.mode, `${path}.mode`, problems);
    return file;
  });
}

function validateLocalPath(file: string, at: string, problems: Problems): void {
  validateDescendingPath(file, at, problems);
  if (file.startsWith('..') && !file.split('/').includes('..')) problems.invalid(at, file, "must not start with '..'");
}

const podFields =
  /^(metadata\.(name|namespace|uid|labels|annotations)|metadata\.(labels|annotations)\['[^']+'\]|spec\.(nodeName|serviceAccountName|restartPolicy|schedulerName|hostNetwork)|status\.(phase|podIPs?|hostIPs?|nominatedNodeName))$/;

/** A field of the pod by its path, of which a place may know only some. */
export function validateFieldReference(
  reference: Fields,
  at: string,
  supported: readonly string[],
  problems: Problems,
): void {
  const path = text(reference, 'fieldPath') ?? '';
  const version = text(reference, 'apiVersion') ?? '';
  if (version === '') problems.required(`${at}.apiVersion`);
  else if (path === '') problems.required(`${at}.fieldPath`);
  else if (version !== 'v1') {
    problems.invalid(`${at}.fieldPath`, path, `error converting fieldPath: unsupported pod version: ${version}`);
  } else if (!podFields.test(path)) {
    problems.invalid(`${at}.fieldPath`, path, `error converting fieldPath: field label not supported: ${path}`);
  } else if (!path.includes("['") && !supported.includes(path)) {
    problems.unsupported(`${at}.fieldPath`, path, [...supported].sort());
  }
}

const volumeFields = ['metadata.annotations', 'metadata.labels', 'metadata.name', 'metadata.namespace', 'metadata.uid'];

function validateDownwardItem(item: Fields, at: string, problems: Problems): void {
  const file = text(item, 'path') ?? '';
  if (file === '') problems.required(`${at}.path`);
  else validateLocalPath(file, `${at}.path`, problems);
  const field = part(item, 'fieldRef');
  const resource = part(item, 'resourceFieldRef');
  if (field !== undefined) {
    validateFieldReference(field, `${at}.fieldRef`, volumeFields, problems);
    if (resource !== undefined)
      problems.invalid(at, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously');
  } else if (resource !== undefined) {
    if (!text(resource, 'containerName')) problems.required(`${at}.resourceFieldRef.containerName`);
  } else problems.required(at, 'one of fieldRef and resourceFieldRef is required');
  validateMode(item.mode, `${at}.mode`, problems);
}

const projections = [
  'secret',
  'configMap',
  'downwardAPI',
  'serviceAccountToken',
  'clusterTrustBundle',
  'podCertificate',
];

function validateProjected(projected: Fields, at: string, spec: Fields, problems: Problems): void {
  validateMode(projected.defaultMode, `${at}.defaultMode`, problems);
  const files = new Set<string>();
  const take = (file: string, owner: string) => {
    if (file === '') return;
    if (files.has(file)) problems.invalid(at, owner, 'conflicting duplicate paths');
    files.add(file);
  };
  parts(projected, 'sources').forEach((source, index) => {
    const path = `${at}.sources[${index}]`;
    const given = projections.filter((projection) => source[projection] !== undefined);
    for (const extra of given.slice(1))
      problems.forbidden(`${path}.${extra}`, 'may not specify more than 1 volume type per source');
    for (const field of ['secret', 'configMap'] as const) {
      const found = part(source, field);
      if (found === undefined) continue;
      const name = text(found, 'name') ?? '';
      if (name === '') problems.required(`${path}.${field}.name`);
      for (const file of validateItems(found, `${path}.${field}`, problems)) take(file, name);
    }
    for (const item of parts(part(source, 'downwardAPI'), 'items')) {
      validateDownwardItem(item, `${path}.downwardAPI`, problems);
      take(text(item, 'path') ?? '', 'downwardAPI');
    }
    const token = part(source, 'serviceAccountToken');
    if (token === undefined) return;
    if (!text(spec, 'serviceAccountName')) {
      problems.forbidden(`${path}.serviceAccountToken`, 'must not be specified when serviceAccountName is not set');
    }
    const seconds = token.expirationSeconds;
    if (typeof seconds === 'number' && seconds < 600) {
      problems.invalid(
        `${path}.serviceAccountToken.expirationSeconds`,
        seconds,
        'may not specify a duration less than 10 minutes',
      );
    }
    if (typeof seconds === 'number' && seconds > 2 ** 32) {
      problems.invalid(
        `${path}.serviceAccountToken.expirationSeconds`,
        seconds,
        'may not specify a duration larger than 2^32 seconds',
      );
    }
    const file = text(token, 'path') ?? '';
    if (file === '') problems.required(`${at}.path`);
    else validateLocalPath(file, `${at}.path`, problems);
  });
}
