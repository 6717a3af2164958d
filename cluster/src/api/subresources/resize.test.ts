import { readFileSync } from 'node:fs';
import type { KubeObject } from '@berth/kube/objects';
import { applyStrategicMergePatch } from '@berth/kube/patch';
import { applyDefaults, decodeObject, invalidError, kindForObject, validate } from '@berth/kube/schema';
import { expect, test } from 'vitest';
import { servedKind } from '../kinds.ts';
import { partOf } from './parts.ts';

/**
 * Resizes by strategic merge patches, and what Kubernetes' own strategy (v1.35.4: `PrepareForUpdate` and `ValidateUpdate` of `pods/resize`) makes
 * of them, without an API server around it: what containers then ask for, or the message of the 422.
 */
interface Case {
  name: string;
  old: KubeObject;
  patch: object;
  spec?: Record<'containers' | 'initContainers', Record<string, { resources: object; resizePolicy?: object[] | null }>>;
  error?: string;
}
const cases = JSON.parse(readFileSync(new URL('./resizes.golden.json', import.meta.url), 'utf8')) as Case[];

const kind = kindForObject('v1', 'Pod');
if (!kind) throw new Error('there are no pods');
const served = servedKind(kind);
const { definition, catalogue } = served.schema;
if (!definition) throw new Error('pods have no schema');
const made = (object: KubeObject) => applyDefaults(kind, decodeObject(kind, object, { mode: 'Ignore' }).object);

const resized = ({ old: given, patch }: Case): KubeObject | string => {
  const old = made(given);
  const proposed = made(applyStrategicMergePatch(definition, catalogue, old, patch));
  const taken = partOf(served, 'resize').take(proposed, old);
  const causes = validate(kind, taken, old, { subresource: 'resize' });
  return causes.length > 0 ? invalidError(kind, 'web', causes).message : taken;
};

interface Container {
  name: string;
  resources?: object;
  resizePolicy?: object[];
}

test.each(cases.map((one) => [one.name, one] as const))('%s', (_, one) => {
  const result = resized(one);
  if (one.error !== undefined) {
    expect(result).toBe(one.error);
    return;
  }
  if (typeof result === 'string') expect(result).toBe('');
  const spec = (result as KubeObject & { spec: Record<string, Container[]> }).spec;
  for (const list of ['containers', 'initContainers'] as const) {
    const shown = (spec?.[list] ?? []).map(({ name, resources = {}, resizePolicy = [] }) => [
      name,
      { resources, resizePolicy },
    ]);
    const wanted = Object.entries(one.spec?.[list] ?? {}).map(([name, { resources, resizePolicy }]) => [
      name,
      { resources, resizePolicy: resizePolicy ?? [] },
    ]);
    expect(Object.fromEntries(shown)).toEqual(Object.fromEntries(wanted));
  }
});
