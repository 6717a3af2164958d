import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../objects/index.ts';
import { builtInSchema, kindForObject } from '../index.ts';

/** Objects with what Kubernetes v1.35 itself has against them, sentence by sentence; see `testdata/README.md`. */
interface GoldenCase {
  name: string;
  object: KubeObject;
  old?: KubeObject;
  problems: string[];
}

const cases = JSON.parse(
  readFileSync(new URL('./testdata/admission.golden.json', import.meta.url), 'utf8'),
) as GoldenCase[];

describe('the configuration of admission is judged as Kubernetes judges it', () => {
  it.each(cases)('$name', ({ object, old, problems }) => {
    const kind = kindForObject(object.apiVersion, object.kind);
    if (!kind) throw new Error(`there is no kind ${object.kind}`);
    const schema = builtInSchema(kind);
    const read = (written: KubeObject) => schema.applyDefaults(schema.decode(written, { mode: 'Strict' }).object);
    const causes = schema.validate(read(object), old && read(old), { subresource: '' });
    expect(causes.map(({ field, message }) => `${field}: ${message}`).sort()).toEqual([...problems].sort());
  });
});
