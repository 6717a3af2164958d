import { type Fields, part, parts, text } from '../fields.ts';
import {
  configKey,
  dnsLabel,
  dnsSubdomain,
  environmentName,
  isPort,
  negativeMessage,
  portMessage,
  portName,
} from './names.ts';
import { validateDescendingPath } from './paths.ts';
import { validateSecurityContext } from './pod-security.ts';
import { validateFieldReference } from './pod-volumes.ts';
import type { Problems } from './problems.ts';
import { validateResources } from './resources.ts';

export const protocols = ['SCTP', 'TCP', 'UDP'];
const messagePolicies = ['File', 'FallbackToLogsOnError'];

/** What containers may refer to. */
export interface Surroundings {
  volumes: ReadonlySet<string>;
  /** Those that begin empty. */
  emptyVolumes: ReadonlySet<string>;
  hostNetwork: boolean;
  /** Whether users of the pod are those of the node. */
  hostUsers: boolean;
}

/** The containers of a pod, of either list, with names that are taken so far. */
export function validateContainers(
  containers: readonly Fields[],
  path: string,
  surroundings: Surroundings,
  taken: Set<string>,
  problems: Problems,
): void {
  const initial = path.endsWith('initContainers');
  containers.forEach((container, index) => {
    const at = `${path}[${index}]`;
    validateCommon(container, at, surroundings, problems);
    if (initial) validateRestartPolicy(container, at, problems);
    const name = text(container, 'name') ?? '';
    if (name !== '' && taken.has(name)) problems.duplicate(`${at}.name`, name);
    taken.add(name);
    if (initial) validateHostPorts([container], path, problems);
    if (initial && container.restartPolicy !== 'Always') validateInitContainer(container, at, problems);
    else validateHooks(container, at, problems);
    if (!initial) validateRestartPolicy(container, at, problems);
  });
  if (!initial) validateHostPorts(containers, path, problems);
}

const pullPolicies = ['Always', 'IfNotPresent', 'Never'];

/** What holds for every container. */
function validateCommon(container: Fields, at: string, surroundings: Surroundings, problems: Problems): void {
  const name = text(container, 'name') ?? '';
  if (name === '') problems.required(`${at}.name`);
  else for (const message of dnsLabel(name)) problems.invalid(`${at}.name`, name, message);
  const image = text(container, 'image') ?? '';
  if (image === '') problems.required(`${at}.image`);
  else if (image.trim() !== image)
    problems.invalid(`${at}.image`, image, 'must not have leading or trailing whitespace');
  const message = text(container, 'terminationMessagePolicy') ?? '';
  if (message === '') problems.required(`${at}.terminationMessagePolicy`);
  else if (!messagePolicies.includes(message)) {
    problems.unsupported(`${at}.terminationMessagePolicy`, message, messagePolicies);
  }
  validatePorts(container, at, surroundings, problems);
  validateEnvironment(container, at, surroundings, problems);
  validateMounts(container, at, surroundings, problems);
  const pull = text(container, 'imagePullPolicy') ?? '';
  if (pull === '') problems.required(`${at}.imagePullPolicy`);
  else if (!pullPolicies.includes(pull)) problems.unsupported(`${at}.imagePullPolicy`, pull, pullPolicies);
  validateResources(part(container, 'resources'), `${at}.resources`, problems);
  validateSecurityContext(container, at, surroundings, problems);
}

/** Hooks and probes. */
function validateHooks(container: Fields, at: string, problems: Problems): void {
  const lifecycle = part(container, 'lifecycle');
  for (const hook of ['postStart', 'preStop']) {
    const handler = part(lifecycle, hook);
    if (handler !== undefined) validateHandler(handler, `${at}.lifecycle.${hook}`, problems);
  }
  for (const probe of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
    validateProbe(part(container, probe), `${at}.${probe}`, probe !== 'readinessProbe', problems);
  }
}

/** Ports of the host are each for one only, of those that run at the same time. */
function validateHostPorts(containers: readonly Fields[], path: string, problems: Problems): void {
  const taken = new Set<string>();
  containers.forEach((container, index) => {
    parts(container, 'ports').forEach((port, position) => {
      if (!port.hostPort) return;
      const shown = `${port.protocol ?? ''}/${port.hostIP ?? ''}/${port.hostPort}`;
      if (taken.has(shown)) problems.duplicate(`${path}[${index}].ports[${position}].hostPort`, shown);
      taken.add(shown);
    });
  });
}

const restartPolicies = ['Always', 'Never', 'OnFailure'];

/** A container's own policy, which its rules need. */
function validateRestartPolicy(container: Fields, at: string, problems: Problems): void {
  const policy = text(container, 'restartPolicy');
  const rules = parts(container, 'restartPolicyRules');
  if (policy === undefined) {
    if (rules.length > 0)
      problems.required(`${at}.restartPolicy`, 'must specify restartPolicy when restart rules are used');
  } else if (!restartPolicies.includes(policy)) {
    problems.unsupported(`${at}.restartPolicy`, policy, restartPolicies);
  }
}

/** Only an init container that goes on running (a sidecar) may have probes and hooks. */
function validateInitContainer(container: Fields, at: string, problems: Problems): void {
  for (const field of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe']) {
    if (container[field] !== undefined) {
      problems.forbidden(`${at}.${field}`, 'may not be set for init containers without restartPolicy=Always');
    }
  }
}

function validatePorts(container: Fields, at: string, surroundings: Surroundings, problems: Problems): void {
  const names = new Set<string>();
  parts(container, 'ports').forEach((port, index) => {
    const path = `${at}.ports[${index}]`;
    const name = text(port, 'name');
    if (name !== undefined && name !== '') {
      for (const message of portName(name)) problems.invalid(`${path}.name`, name, message);
      if (names.has(name)) problems.duplicate(`${path}.name`, name);
      names.add(name);
    }
    if (port.containerPort === undefined || port.containerPort === 0) problems.required(`${path}.containerPort`);
    else if (!isPort(port.containerPort)) problems.invalid(`${path}.containerPort`, port.containerPort, portMessage);
    if (port.hostPort !== undefined && !isPort(port.hostPort))
      problems.invalid(`${path}.hostPort`, port.hostPort, portMessage);
    if (surroundings.hostNetwork && port.hostPort !== undefined && port.hostPort !== port.containerPort) {
      problems.invalid(`${path}.hostPort`, port.hostPort, 'must match `containerPort` when `hostNetwork` is true');
    }
    if (!protocols.includes(String(port.protocol ?? '')))
      problems.unsupported(`${path}.protocol`, port.protocol ?? '', protocols);
  });
}

const valueSources = ['fieldRef', 'resourceFieldRef', 'configMapKeyRef', 'secretKeyRef', 'fileKeyRef'];

function validateEnvironment(container: Fields, at: string, surroundings: Surroundings, problems: Problems): void {
  parts(container, 'env').forEach((variable, index) => {
    const path = `${at}.env[${index}]`;
    const name = text(variable, 'name') ?? '';
    if (name === '') problems.required(`${path}.name`);
    else for (const message of environmentName(name)) problems.invalid(`${path}.name`, name, message);
    const from = part(variable, 'valueFrom');
    if (from === undefined) return;
    const given = valueSources.filter((source) => from[source] !== undefined);
    if (given.length === 0) {
      problems.invalid(
        `${path}.valueFrom`,
        '',
        'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
      );
    } else if (text(variable, 'value')) {
      problems.invalid(`${path}.valueFrom`, '', 'may not be specified when `value` is not empty');
    } else if (given.length > 1) {
      problems.invalid(`${path}.valueFrom`, '', 'may not have more than one field specified at a time');
    }
    validateValueSources(from, `${path}.valueFrom`, problems);
    validateFileKey(part(from, 'fileKeyRef'), `${path}.valueFrom.fileKeyRef`, surroundings, problems);
  });
  parts(container, 'envFrom').forEach((source, index) => {
    const given = ['configMapRef', 'secretRef'].filter((field) => source[field] !== undefined);
    if (given.length === 0) {
      problems.invalid(`${at}.envFrom`, '', 'must specify one of: `configMapRef` or `secretRef`');
    } else if (given.length > 1) {
      problems.invalid(`${at}.envFrom`, '', 'may not have more than one field specified at a time');
    }
    for (const field of given) {
      const name = text(part(source, field), 'name') ?? '';
      const path = `${at}.envFrom[${index}].${field}.name`;
      if (name === '') problems.required(path);
      else for (const message of dnsSubdomain(name)) problems.invalid(path, name, message);
    }
  });
}

function validateFileKey(
  ref: Fields | undefined,
  at: string,
  { volumes, emptyVolumes }: Surroundings,
  problems: Problems,
): void {
  if (ref === undefined) return;
  const key = text(ref, 'key') ?? '';
  if (key === '') problems.required(`${at}.key`);
  else for (const message of environmentName(key)) problems.invalid(`${at}.key`, key, message);
  const volume = text(ref, 'volumeName') ?? '';
  if (volume === '') problems.required(`${at}.volumeName`);
  else for (const message of dnsLabel(volume)) problems.invalid(`${at}.volumeName`, volume, message);
  const path = text(ref, 'path') ?? '';
  if (path === '') problems.required(`${at}.path`);
  else if (path.split('/').includes('..')) problems.invalid(`${at}.path`, path, "must not contain '..'");
  if (!volumes.has(volume)) problems.notFound(`${at}.volumeName`, volume);
  else if (!emptyVolumes.has(volume))
    problems.invalid(`${at}.volumeName`, volume, 'referenced volume must be of type emptyDir');
}

const environmentFields = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];
const environmentResources = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];

const sizes = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei'];
const divisors: Readonly<Record<string, { name: string; values: readonly string[]; shown: string }>> = {
  cpu: { name: 'cpu', values: ['1m', '1'], shown: '1m and 1' },
  memory: { name: 'memory', values: sizes, shown: sizes.join(', ') },
  'ephemeral-storage': { name: 'local ephemeral storage', values: sizes, shown: sizes.join(', ') },
  hugepages: { name: 'hugepages', values: sizes, shown: sizes.join(', ') },
};

/** In which unit a resource is told. Kubernetes shows the resource instead. */
export function validateDivisor(resource: string, divisor: unknown, at: string, problems: Problems): void {
  if (divisor === undefined || divisor === '0' || divisor === 0) return;
  const kind = resource.slice(resource.indexOf('.') + 1).replace(/^hugepages-.*/, 'hugepages');
  const known = Object.hasOwn(divisors, kind) ? divisors[kind] : undefined;
  if (known === undefined || known.values.includes(String(divisor))) return;
  const verb = `only divisor's values ${known.shown} are supported with the ${known.name} resource`;
  problems.invalid(at, resource, verb);
}

function validateValueSources(from: Fields, at: string, problems: Problems): void {
  const field = part(from, 'fieldRef');
  if (field !== undefined) validateFieldReference(field, `${at}.fieldRef`, environmentFields, problems);
  const resource = part(from, 'resourceFieldRef');
  if (resource !== undefined) {
    const name = text(resource, 'resource') ?? '';
    if (name === '') problems.required(`${at}.resourceFieldRef.resource`);
    else if (!environmentResources.includes(name) && !/^(limits|requests)\.hugepages-/.test(name)) {
      problems.unsupported(`${at}.resourceFieldRef.resource`, name, environmentResources);
    }
    validateDivisor(name, resource.divisor, `${at}.resourceFieldRef.divisor`, problems);
  }
  for (const source of ['configMapKeyRef', 'secretKeyRef']) {
    const reference = part(from, source);
    if (reference === undefined) continue;
    const name = text(reference, 'name') ?? '';
    for (const message of dnsSubdomain(name)) problems.invalid(`${at}.${source}.name`, name, message);
    const key = text(reference, 'key') ?? '';
    if (key === '') problems.required(`${at}.${source}.key`);
    else for (const message of configKey(key)) problems.invalid(`${at}.${source}.key`, key, message);
  }
}

function validateMounts(container: Fields, at: string, surroundings: Surroundings, problems: Problems): void {
  const paths = new Set<string>();
  parts(container, 'volumeMounts').forEach((mount, index) => {
    const path = `${at}.volumeMounts[${index}]`;
    const name = text(mount, 'name') ?? '';
    if (name === '') problems.required(`${path}.name`);
    if (!surroundings.volumes.has(name)) problems.notFound(`${path}.name`, name);
    const mountPath = text(mount, 'mountPath') ?? '';
    if (mountPath === '') problems.required(`${path}.mountPath`);
    else if (paths.has(mountPath)) problems.invalid(`${path}.mountPath`, mountPath, 'must be unique');
    paths.add(mountPath);
    for (const field of ['subPath', 'subPathExpr'])
      validateDescendingPath(text(mount, field) ?? '', `${path}.${field}`, problems);
    const propagation = text(mount, 'mountPropagation');
    if (propagation !== undefined) validatePropagation(propagation, container, at, problems);
  });
}

const propagations = ['Bidirectional', 'HostToContainer', 'None'];

function validatePropagation(propagation: string, container: Fields, at: string, problems: Problems): void {
  // Kubernetes does not say which of them it means.
  const path = `${at}.volumeMounts.mountPropagation`;
  if (!propagations.includes(propagation)) problems.unsupported(path, propagation, propagations);
  if (propagation === 'Bidirectional' && part(container, 'securityContext')?.privileged !== true)
    problems.forbidden(path, 'Bidirectional mount propagation is available only to privileged containers');
}

const handlers = ['exec', 'grpc', 'httpGet', 'sleep', 'tcpSocket'];

function validateHandler(handler: Fields, path: string, problems: Problems): void {
  const given = handlers.filter((kind) => handler[kind] !== undefined);
  if (given.length === 0) problems.required(path, 'must specify a handler type');
  for (const extra of given.slice(1))
    problems.forbidden(`${path}.${extra}`, 'may not specify more than 1 handler type');
  const exec = part(handler, 'exec');
  if (exec !== undefined && (!Array.isArray(exec.command) || exec.command.length === 0))
    problems.required(`${path}.exec.command`);
  for (const { name } of parts(part(handler, 'httpGet'), 'httpHeaders')) {
    if (/^[-A-Za-z0-9]+$/.test(String(name ?? ''))) continue;
    problems.invalid(
      `${path}.httpGet.httpHeaders`,
      name ?? '',
      "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')",
    );
  }
  for (const kind of ['httpGet', 'tcpSocket']) {
    const action = part(handler, kind);
    if (action !== undefined) validatePortReference(action.port, `${path}.${kind}.port`, problems);
  }
  const grpc = part(handler, 'grpc');
  if (grpc !== undefined && !isPort(grpc.port)) problems.invalid(`${path}.grpc.port`, grpc.port ?? 0, portMessage);
}

/** A port by number or by name. */
export function validatePortReference(port: unknown, path: string, problems: Problems): void {
  if (typeof port === 'string') for (const message of portName(port)) problems.invalid(path, port, message);
  else if (!isPort(port)) problems.invalid(path, port ?? 0, portMessage);
}

function validateProbe(probe: Fields | undefined, path: string, oneSuccess: boolean, problems: Problems): void {
  if (probe === undefined) return;
  validateHandler(probe, path, problems);
  for (const field of [
    'initialDelaySeconds',
    'timeoutSeconds',
    'periodSeconds',
    'successThreshold',
    'failureThreshold',
  ]) {
    const value = probe[field];
    if (typeof value === 'number' && value < 0) problems.invalid(`${path}.${field}`, value, negativeMessage);
  }
  if (oneSuccess && probe.successThreshold !== 1)
    problems.invalid(`${path}.successThreshold`, probe.successThreshold ?? 0, 'must be 1');
  const grace = probe.terminationGracePeriodSeconds;
  if (typeof grace === 'number' && grace <= 0)
    problems.invalid(`${path}.terminationGracePeriodSeconds`, grace, 'must be greater than 0');
}
