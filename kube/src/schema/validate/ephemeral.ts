import { sameData } from '../../patch/index.ts';
import { type Fields, parts, text } from '../fields.ts';
import { dnsLabel } from './names.ts';
import { validateSecurityContext } from './pod-security.ts';
import type { Problems } from './problems.ts';

const unfit = ['ports', 'resources', 'livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle'];

/** Ephemeral containers, which have neither ports nor probes and may look at one of the pod's other containers. */
export function validateEphemeralContainers(spec: Fields, path: string, taken: Set<string>, problems: Problems): void {
  const targets = new Set(taken);
  parts(spec, 'ephemeralContainers').forEach((container, index) => {
    const at = `${path}.ephemeralContainers[${index}]`;
    const name = text(container, 'name') ?? '';
    if (name === '') problems.required(`${at}.name`);
    else {
      for (const message of dnsLabel(name)) problems.invalid(`${at}.name`, name, message);
      if (taken.has(name)) problems.duplicate(`${at}.name`, name);
      taken.add(name);
    }
    if (!text(container, 'image')) problems.required(`${at}.image`);
    validateSecurityContext(container, at, { hostUsers: spec.hostUsers !== false }, problems);
    const target = text(container, 'targetContainerName');
    if (target && !targets.has(target)) problems.notFound(`${at}.targetContainerName`, target);
    for (const field of unfit) {
      const value = container[field];
      if (value === undefined || (field === 'resources' && Object.keys(value as object).length === 0)) continue;
      problems.forbidden(`${at}.${field}`, 'cannot be set for an Ephemeral Container');
    }
    parts(container, 'volumeMounts').forEach((mount, position) => {
      for (const field of ['subPath', 'subPathExpr']) {
        if (text(mount, field))
          problems.forbidden(`${at}.volumeMounts[${position}].${field}`, 'cannot be set for an Ephemeral Container');
      }
    });
  });
}

/** Ephemeral containers may only be added, and by their own subresource. */
export function validateEphemeralContainersUpdate(spec: Fields, old: Fields, problems: Problems): void {
  const kept = new Map(parts(spec, 'ephemeralContainers').map((container) => [container.name, container]));
  for (const before of parts(old, 'ephemeralContainers')) {
    const name = JSON.stringify(before.name);
    const now = kept.get(before.name);
    if (!now)
      problems.forbidden('spec.ephemeralContainers', `existing ephemeral containers ${name} may not be removed`);
    else if (!sameData(now, before))
      problems.forbidden('spec.ephemeralContainers', `existing ephemeral containers ${name} may not be changed`);
  }
}
