import { isIP } from 'node:net';
import { type Fields, part, parts, text } from '../fields.ts';
import { dnsSubdomain, qualifiedName } from './names.ts';
import { validateDescendingPath } from './paths.ts';
import type { Problems } from './problems.ts';

const idMessage = 'must be between 0 and 2147483647, inclusive';
const profileTypes = ['Localhost', 'RuntimeDefault', 'Unconfined'];
/** Of Linux, without the byte that ends it. */
const longestPath = 4095;

function validateId(value: unknown, at: string, problems: Problems): void {
  if (typeof value === 'number' && (value < 0 || value > 2 ** 31 - 1)) problems.invalid(at, value, idMessage);
}

/** The profiles that confine processes: the runtime's, none, or a file of the node. */
function validateProfiles(context: Fields, at: string, problems: Problems): void {
  validateSeccomp(part(context, 'seccompProfile'), `${at}.seccompProfile`, problems);
  validateAppArmor(part(context, 'appArmorProfile'), `${at}.appArmorProfile`, problems);
}

function validateSeccomp(profile: Fields | undefined, at: string, problems: Problems): void {
  if (profile === undefined) return;
  const type = text(profile, 'type') ?? '';
  const local = text(profile, 'localhostProfile');
  const path = `${at}.localhostProfile`;
  if (type === '') problems.required(`${at}.type`, 'type is required when seccompProfile is set');
  else if (!profileTypes.includes(type)) problems.unsupported(`${at}.type`, type, profileTypes);
  if (type !== 'Localhost') {
    const value = { Type: type, LocalhostProfile: local };
    if (local !== undefined) problems.invalid(path, value, 'can only be set when seccomp type is Localhost');
  } else if (local === undefined) problems.required(path, 'must be set when seccomp type is Localhost');
  else validateDescendingPath(local, path, problems);
}

function validateAppArmor(profile: Fields | undefined, at: string, problems: Problems): void {
  if (profile === undefined) return;
  const type = text(profile, 'type') ?? '';
  const local = text(profile, 'localhostProfile');
  const path = `${at}.localhostProfile`;
  if (type === '') problems.required(`${at}.type`, 'type is required when appArmorProfile is set');
  else if (!profileTypes.includes(type)) problems.unsupported(`${at}.type`, type, profileTypes);
  else if (type !== 'Localhost') {
    if (local !== undefined) problems.invalid(path, local, 'can only be set when AppArmor type is Localhost');
  } else if (local === undefined || local === '') {
    problems.required(path, 'must be set when AppArmor type is Localhost');
  } else if (local.trim() !== local) problems.invalid(path, local, 'must not be padded with whitespace');
  if (type === 'Localhost' && Buffer.byteLength(local ?? '') > longestPath) problems.tooLong(path, longestPath);
}

const sysctl = /^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/;
const groupPolicies = ['Always', 'OnRootMismatch'];
const mergings = ['Merge', 'Strict'];

/** Users of its own go with no namespace of the node, and with no device. The fields are named as Kubernetes names them here. */
function validateOwnUsers(spec: Fields, path: string, problems: Problems): void {
  if (spec.hostUsers !== false) return;
  const why = 'when `hostUsers` is false';
  for (const [field, named] of [
    ['hostNetwork', 'hostNetwork'],
    ['hostPID', 'HostPID'],
    ['hostIPC', 'HostIPC'],
  ] as const) {
    if (spec[field] === true) problems.forbidden(`${path}.${named}`, why);
  }
  for (const list of ['initContainers', 'containers', 'ephemeralContainers']) {
    parts(spec, list).forEach((container, index) => {
      if (parts(container, 'volumeDevices').length > 0)
        problems.forbidden(`${path}.${list}[${index}].volumeDevices`, why);
    });
  }
}

/** Identity and confinement of all containers of a pod. */
export function validatePodSecurity(spec: Fields, path: string, problems: Problems): void {
  validateOwnUsers(spec, path, problems);
  const context = part(spec, 'securityContext');
  if (context === undefined) return;
  const at = `${path}.securityContext`;
  validateId(context.fsGroup, `${at}.fsGroup`, problems);
  validateId(context.runAsUser, `${at}.runAsUser`, problems);
  validateId(context.runAsGroup, `${at}.runAsGroup`, problems);
  const groups = Array.isArray(context.supplementalGroups) ? context.supplementalGroups : [];
  groups.forEach((group: unknown, index) => {
    validateId(group, `${at}.supplementalGroups[${index}]`, problems);
  });
  const names = new Set<string>();
  parts(context, 'sysctls').forEach((item, index) => {
    const name = text(item, 'name') ?? '';
    const field = `${at}.sysctls[${index}].name`;
    if (name === '') problems.required(field);
    else if (name.length > 253 || !sysctl.test(name)) {
      problems.invalid(
        field,
        name,
        `must have at most 253 characters and match regex ${sysctl.source.replaceAll('[./]', '[\\./]')}`,
      );
    } else if (names.has(name)) problems.duplicate(field, name);
    names.add(name);
  });
  const policy = text(context, 'fsGroupChangePolicy');
  if (policy !== undefined && !groupPolicies.includes(policy))
    problems.unsupported(`${at}.fsGroupChangePolicy`, policy, groupPolicies);
  validateProfiles(context, at, problems);
  const merging = text(context, 'supplementalGroupsPolicy');
  if (merging !== undefined && !mergings.includes(merging))
    problems.unsupported(`${at}.supplementalGroupsPolicy`, merging, mergings);
}

const procMounts = ['Default', 'Unmasked'];

/** Identity and confinement of one container. */
export function validateSecurityContext(
  container: Fields,
  path: string,
  { hostUsers }: { hostUsers: boolean },
  problems: Problems,
): void {
  const context = part(container, 'securityContext');
  if (context === undefined) return;
  const at = `${path}.securityContext`;
  validateId(context.runAsUser, `${at}.runAsUser`, problems);
  validateId(context.runAsGroup, `${at}.runAsGroup`, problems);
  const procMount = text(context, 'procMount');
  if (procMount !== undefined && !procMounts.includes(procMount))
    problems.unsupported(`${at}.procMount`, procMount, procMounts);
  if (hostUsers && procMount === 'Unmasked')
    problems.invalid(`${at}.procMount`, procMount, '`hostUsers` must be false to use `Unmasked`');
  validateProfiles(context, at, problems);
  const capabilities = part(context, 'capabilities')?.add;
  if (context.allowPrivilegeEscalation === false) {
    if (context.privileged === true)
      problems.invalid(at, context, 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true');
    if (Array.isArray(capabilities) && capabilities.includes('CAP_SYS_ADMIN')) {
      problems.invalid(
        at,
        context,
        'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN',
      );
    }
  }
}

const ipMessage = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
const search = /^_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*$/;
const searchMessage = `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${search.source.slice(1, -1)}')`;

/** The name that stands in for all others of a pod. */
function validateHostnameOverride(spec: Fields, path: string, problems: Problems): void {
  const name = text(spec, 'hostnameOverride');
  if (name === undefined) return;
  const at = `${path}.hostnameOverride`;
  if (spec.setHostnameAsFQDN === true) problems.forbidden(at, 'may not be specified when setHostnameAsFQDN is true');
  if (spec.hostNetwork === true) problems.forbidden(at, 'may not be specified when hostNetwork is true');
  if (name.length > 64) problems.tooLong(at, 64);
  for (const message of dnsSubdomain(name)) problems.invalid(at, name, message);
}

/** Names: its own, hosts of its own, resolvers, and the conditions that a pod waits for. */
export function validatePodNames(spec: Fields, path: string, problems: Problems): void {
  validateHostnameOverride(spec, path, problems);
  parts(spec, 'hostAliases').forEach((alias, index) => {
    const at = `${path}.hostAliases[${index}]`;
    const ip = text(alias, 'ip') ?? '';
    if (isIP(ip) === 0) problems.invalid(`${at}.ip`, ip, ipMessage);
    const names = Array.isArray(alias.hostnames) ? (alias.hostnames as string[]) : [];
    names.forEach((name, position) => {
      for (const message of dnsSubdomain(name)) problems.invalid(`${at}.hostnames[${position}]`, name, message);
    });
  });
  parts(spec, 'readinessGates').forEach((gate, index) => {
    const type = text(gate, 'conditionType') ?? '';
    for (const message of qualifiedName(type))
      problems.invalid(`${path}.readinessGates[${index}].conditionType`, type, message);
  });
  const config = part(spec, 'dnsConfig');
  const at = `${path}.dnsConfig`;
  const servers = Array.isArray(config?.nameservers) ? (config.nameservers as string[]) : [];
  if (servers.length > 3) {
    problems.invalid(`${at}.nameservers`, servers, 'must not have more than 3 nameservers');
  }
  servers.forEach((server, index) => {
    if (isIP(server) === 0) problems.invalid(`${at}.nameservers[${index}]`, server, ipMessage);
  });
  const searches = Array.isArray(config?.searches) ? (config.searches as string[]) : [];
  if (searches.length > 32) problems.invalid(`${at}.searches`, searches, 'must not have more than 32 search paths');
  searches.forEach((item, index) => {
    if (item === '.') return;
    const name = item.replace(/\.$/, '');
    if (name.length > 253) problems.invalid(`${at}.searches[${index}]`, item, 'must be no more than 253 characters');
    if (!search.test(name)) problems.invalid(`${at}.searches[${index}]`, item, searchMessage);
  });
  parts(config, 'options').forEach((option, index) => {
    if (!text(option, 'name')) problems.required(`${at}.options[${index}]`, 'must not be empty');
  });
}
