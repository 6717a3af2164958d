import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { isBerthError } from '../errors/index.ts';
import { builtInCatalogue } from '../schema/index.ts';
import { applyJsonPatch, applyMergePatch, applyStrategicMergePatch } from './index.ts';

interface Case {
  kind: 'json' | 'merge' | 'Deployment' | 'Service';
  original: object;
  patch: unknown;
  /** What came of it, or why nothing did; `decode` when the patch could not even be read. */
  result?: unknown;
  error?: string;
  decode?: boolean;
}

/** The file says how it came about. */
const { cases } = JSON.parse(
  gunzipSync(readFileSync(new URL('./golden/patches.json.gz', import.meta.url))).toString(),
) as { cases: Case[] };

const catalogue = builtInCatalogue();
const schemas = { Deployment: 'io.k8s.api.apps.v1.Deployment', Service: 'io.k8s.api.core.v1.Service' };

function patched({ kind, original, patch }: Case): unknown {
  if (kind === 'json') return applyJsonPatch(original, patch);
  if (kind === 'merge') return applyMergePatch(original, patch);
  return applyStrategicMergePatch({ $ref: schemas[kind] }, catalogue, original, patch);
}

describe.each(['json', 'merge', 'Deployment', 'Service'] as const)('patches of the kind %s', (kind) => {
  const own = cases.filter((one) => one.kind === kind);

  it.each(own.map((one, index) => ({ ...one, index })))('do what they do in Kubernetes: $index', (one) => {
    const before = structuredClone(one.original);
    if (one.error === undefined) {
      expect(patched(one)).toEqual(one.result);
    } else {
      expect(() => patched(one)).toThrow();
      try {
        patched(one);
      } catch (error) {
        if (!isBerthError(error)) throw error;
        if (kind === 'json') expect(error.code).toBe(one.decode ? 'BadRequest' : 'Invalid');
      }
    }
    expect(one.original).toEqual(before);
  });
});
