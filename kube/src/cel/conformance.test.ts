import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CelBudget, CelError, type CelType, compile } from './index.ts';
import { show } from './testdata/show.ts';
import type { Value } from './values/value.ts';

/** One case of cel-spec; see the note in the file. */
interface Case {
  readonly name: string;
  readonly expr: string;
  readonly variables?: Readonly<Record<string, CelType>>;
  readonly bindings?: Readonly<Record<string, unknown>>;
  /** A value as `show` prints it, or `error`. */
  readonly want: string;
  /** Where Kubernetes answers otherwise: its issues, its error, or its value. */
  readonly kubernetes?: { readonly compile?: string; readonly error?: string; readonly value?: string };
}

const { cases } = JSON.parse(readFileSync(new URL('./testdata/conformance.golden.json', import.meta.url), 'utf8')) as {
  cases: Case[];
};

function answer({ expr, variables = {}, bindings = {} }: Case): string {
  try {
    const { value } = compile(expr, { variables }).run(bindings, new CelBudget());
    return show(value as Value);
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    return error.code === 'Compilation' && error.message.startsWith('compilation failed') ? 'refused' : 'error';
  }
}

function expected({ want, kubernetes }: Case): string {
  if (kubernetes === undefined) return want;
  if (kubernetes.compile !== undefined) return 'refused';
  return kubernetes.error === undefined ? (kubernetes.value ?? '') : 'error';
}

describe('the conformance data of cel-spec', () => {
  it.each(cases)('$name', (each) => {
    expect(answer(each)).toBe(expected(each));
  });
});
