import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Schema } from '../schema/types.ts';
import { CelBudget, CelError, type CelType, celTypeOfSchema, celTypes, compile } from './index.ts';
import { show } from './testdata/show.ts';
import type { Value } from './values/value.ts';

/** What Kubernetes answers to one expression; see the note in the file. */
interface Case {
  readonly expr: string;
  readonly type?: string;
  /** Issues of the compiler. */
  readonly compile?: string;
  /** Of the evaluation, or with `program: ` before it, of what is computed beforehand. */
  readonly error?: string;
  readonly value?: string;
  readonly cost?: number;
  /** The most that it may cost, by the schema's bounds. */
  readonly estimate?: number;
}

const golden = JSON.parse(readFileSync(new URL('./testdata/kubernetes.golden.json', import.meta.url), 'utf8')) as {
  schema: Schema;
  self: unknown;
  any: unknown;
  cases: Case[];
};

const self = celTypeOfSchema(golden.schema, { resourceRoot: true, name: 'selfType.t' }) as CelType;
const variables = {
  self,
  any: celTypes.dyn,
  opt: celTypes.optional(self),
  authorizer: celTypes.opaque('kubernetes.authorization.Authorizer'),
};

function answer(expr: string): Case {
  let program: ReturnType<typeof compile>;
  try {
    program = compile(expr, { variables });
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    const beforehand = /^program instantiation failed: (.*)$/s.exec(error.message)?.[1];
    if (beforehand !== undefined) return { expr, error: `program: ${beforehand}` };
    return { expr, compile: error.message.replace(/^compilation failed: /, '') };
  }
  const type = celTypes.printType(program.returns);
  const budget = new CelBudget();
  try {
    const { value } = program.run({ self: golden.self, any: golden.any, opt: golden.self }, budget);
    return { expr, type, value: show(value as Value), cost: budget.spent };
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    return { expr, type, error: error.message };
  }
}

/** What a failing evaluation cost is nobody's business but the limit's; a failed preparation has no type. */
function expected({ expr, type, compile: issues, error, value, cost }: Case): Case {
  if (issues !== undefined) return { expr, compile: issues };
  if (error?.startsWith('program: ')) return { expr, error };
  return error === undefined
    ? { expr, type: type ?? '', value: value ?? '', cost: cost ?? 0 }
    : { expr, type: type ?? '', error };
}

describe('what Kubernetes answers', () => {
  it.each(golden.cases)('$expr', (wanted) => {
    expect(answer(wanted.expr)).toEqual(expected(wanted));
  });

  const estimated = golden.cases.filter(
    ({ error = '', estimate }) => estimate !== undefined && !error.startsWith('program'),
  );
  it.each(estimated)('$expr costs at most $estimate', ({ expr, estimate = 0 }) => {
    const found = compile(expr, { variables }).estimateCost();
    // Kubernetes counts in 64 bits; past 2^53 the last digits of a double differ.
    expect(Math.abs(found - estimate)).toBeLessThanOrEqual(estimate * 1e-12);
  });
});
