import { ensure, type Fields, fill, fillAll, part, parts, text } from '../fields.ts';

/** A pod of its own: what holds for templates, and what only a pod gets. */
export function defaultPod(pod: Fields): void {
  const spec = ensure(pod, 'spec');
  fill(spec, 'enableServiceLinks', true);
  const hostNetwork = spec.hostNetwork === true;
  for (const container of [...parts(spec, 'containers'), ...parts(spec, 'initContainers')]) {
    requestWhatIsLimited(container);
    if (hostNetwork) for (const port of parts(container, 'ports')) fill(port, 'hostPort', port.containerPort);
  }
  defaultPodSpec(spec);
}

/** A pod template, wherever it is embedded. */
export function defaultPodTemplate(template: Fields): void {
  ensure(template, 'metadata');
  defaultPodSpec(ensure(template, 'spec'));
}

function defaultPodSpec(spec: Fields): void {
  // The old name of the field is served beside the new one.
  if (text(spec, 'serviceAccountName') !== undefined) spec.serviceAccount = spec.serviceAccountName;
  else if (text(spec, 'serviceAccount') !== undefined) spec.serviceAccountName = spec.serviceAccount;
  fillAll(spec, {
    restartPolicy: 'Always',
    dnsPolicy: 'ClusterFirst',
    schedulerName: 'default-scheduler',
    terminationGracePeriodSeconds: 30,
  });
  const grace = spec.terminationGracePeriodSeconds;
  if (typeof grace === 'number' && grace < 0) spec.terminationGracePeriodSeconds = 1;
  ensure(spec, 'securityContext');
  for (const list of ['initContainers', 'containers', 'ephemeralContainers'])
    parts(spec, list).forEach(defaultContainer);
  parts(spec, 'volumes').forEach(defaultVolume);
}

function defaultContainer(container: Fields): void {
  fillAll(container, {
    imagePullPolicy: pullPolicyOf(text(container, 'image') ?? ''),
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
  });
  ensure(container, 'resources');
  for (const port of parts(container, 'ports')) fill(port, 'protocol', 'TCP');
  for (const probe of ['livenessProbe', 'readinessProbe', 'startupProbe']) defaultProbe(part(container, probe));
  const lifecycle = part(container, 'lifecycle');
  for (const hook of ['postStart', 'preStop']) defaultHttpGet(part(part(lifecycle, hook), 'httpGet'));
  for (const variable of parts(container, 'env')) {
    const fieldRef = part(part(variable, 'valueFrom'), 'fieldRef');
    if (fieldRef !== undefined) fill(fieldRef, 'apiVersion', 'v1');
  }
}

const repository =
  /^([^/]*[.:A-Z][^/]*\/|localhost\/)?[a-z0-9]+([._-]+[a-z0-9]+)*(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:[\w][\w.-]{0,127})?$/;

/** `latest`, or no tag and no digest, is pulled always; what is no reference at all has no tag. */
function pullPolicyOf(image: string): string {
  if (image.includes('@') || image.length > 255 || !repository.test(image)) return 'IfNotPresent';
  const colon = image.lastIndexOf(':');
  const tag = colon > image.lastIndexOf('/') ? image.slice(colon + 1) : 'latest';
  return tag === 'latest' ? 'Always' : 'IfNotPresent';
}

function defaultProbe(probe: Fields | undefined): void {
  if (probe === undefined) return;
  for (const [field, value] of Object.entries({
    timeoutSeconds: 1,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 3,
  })) {
    if (probe[field] === 0) delete probe[field];
    fill(probe, field, value);
  }
  defaultHttpGet(part(probe, 'httpGet'));
  const grpc = part(probe, 'grpc');
  if (grpc !== undefined) fill(grpc, 'service', '');
}

function defaultHttpGet(httpGet: Fields | undefined): void {
  if (httpGet !== undefined) fillAll(httpGet, { path: '/', scheme: 'HTTP' });
}

/** What a container limits and does not request, it requests. */
function requestWhatIsLimited(container: Fields): void {
  const resources = part(container, 'resources');
  const limits = part(resources, 'limits');
  if (resources === undefined || limits === undefined) return;
  const requests = ensure(resources, 'requests');
  for (const [name, limit] of Object.entries(limits)) if (!Object.hasOwn(requests, name)) requests[name] = limit;
}

const sources = new Set(['name']);

function defaultVolume(volume: Fields): void {
  if (Object.keys(volume).every((field) => sources.has(field))) volume.emptyDir = {};
  for (const source of ['secret', 'configMap', 'downwardAPI', 'projected']) {
    const found = part(volume, source);
    if (found !== undefined) fill(found, 'defaultMode', 0o644);
  }
  defaultDownwardItems(part(volume, 'downwardAPI'));
  for (const projection of parts(part(volume, 'projected'), 'sources')) {
    defaultDownwardItems(part(projection, 'downwardAPI'));
    const token = part(projection, 'serviceAccountToken');
    if (token !== undefined) fill(token, 'expirationSeconds', 3600);
  }
  const hostPath = part(volume, 'hostPath');
  if (hostPath !== undefined) fill(hostPath, 'type', '');
  const image = part(volume, 'image');
  if (image !== undefined) fill(image, 'pullPolicy', pullPolicyOf(text(image, 'reference') ?? ''));
  const claim = part(part(volume, 'ephemeral'), 'volumeClaimTemplate');
  if (claim !== undefined) fill(ensure(claim, 'spec'), 'volumeMode', 'Filesystem');
  const iscsi = part(volume, 'iscsi');
  if (iscsi !== undefined) fill(iscsi, 'iscsiInterface', 'default');
}

function defaultDownwardItems(source: Fields | undefined): void {
  for (const item of parts(source, 'items')) {
    const fieldRef = part(item, 'fieldRef');
    if (fieldRef !== undefined) fill(fieldRef, 'apiVersion', 'v1');
  }
}
