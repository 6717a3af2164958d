import { readFileSync, writeFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { isBerthError } from '../../errors/index.ts';
import type { KubeObject } from '../../objects/index.ts';
import { decodeObject } from '../decode/index.ts';
import { applyDefaults, prepareForCreate } from '../defaults/index.ts';
import { kindForObject } from '../kinds/lookup.ts';
import { invalidError, validate } from './index.ts';

interface Case {
  name: string;
  object: KubeObject;
  /** What the object replaces, and through which subresource. */
  old?: KubeObject;
  subresource?: string;
  /** What Kubernetes keeps, or says. */
  result?: unknown;
  error?: string;
  undecodable?: true;
}

const file = (name: string) => new URL(`./golden/${name}`, import.meta.url);
/** The file says how it came about. */
const { cases } = JSON.parse(brotliDecompressSync(readFileSync(file('objects.json.br'))).toString()) as {
  cases: Case[];
};

/** Those of which we say something else so far, by name; `UPDATE_GOLDEN=1` writes the list anew. */
const known = new Set(readFileSync(file('differs.txt'), 'utf8').split('\n').filter(Boolean));

type Data = Record<string, unknown>;

/** In one order, without what every server makes up and without the nulls that Go writes. */
function comparable(value: unknown, path = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => comparable(item, `${path}[]`));
  if (typeof value !== 'object' || value === null) return value;
  const made = ['uid', 'resourceVersion', 'creationTimestamp', 'generation'];
  const fields = Object.entries(value as Data).filter(
    ([name, item]) => item !== null && !(path === 'metadata' && made.includes(name)),
  );
  return Object.fromEntries(
    fields
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, item]) => [name, comparable(item, path === '' ? name : `${path}.${name}`)]),
  );
}

/** What is kept, as clients read it: Kubernetes completes a claim's status only then. */
function kept({ result, object }: Case): unknown {
  const { status, ...others } = result as Data;
  if (object.kind !== 'PersistentVolumeClaim') return result;
  return { ...others, status: { phase: 'Pending', ...(status as Data | undefined) } };
}

function answerTo({ object, old, subresource = '' }: Case): string {
  const kind = kindForObject(object.apiVersion, object.kind);
  if (kind === undefined) return 'no such kind';
  const made = (value: KubeObject) => applyDefaults(kind, decodeObject(kind, value, { mode: 'Ignore' }).object);
  try {
    const next = made(object);
    if (old === undefined) {
      next.metadata.uid = 'uid';
      prepareForCreate(kind, next);
    }
    const causes = validate(kind, next, old === undefined ? undefined : made(old), { subresource });
    if (causes.length > 0) return invalidError(kind, next.metadata.name ?? '', causes).message;
    return JSON.stringify(comparable(next));
  } catch (error) {
    if (!isBerthError(error, 'BadRequest')) throw error;
    return 'undecodable';
  }
}

/** The refusal of an update may end with the difference between two dumps of Go's own types, which nobody else can write. */
function withoutDump(text: string): string {
  return text.replace(/\n(?:@@.*\n(?:[ +-].*\n)*)*/g, '');
}

test('objects are completed and refused as in Kubernetes', () => {
  const differs = cases
    .filter((one) => {
      const theirs = one.error ?? (one.undecodable ? 'undecodable' : JSON.stringify(comparable(kept(one))));
      return withoutDump(theirs) !== withoutDump(answerTo(one));
    })
    .map(({ name }, index, all) => (all.findIndex((other) => other.name === name) === index ? name : `${name} again`));
  if (process.env.UPDATE_GOLDEN) writeFileSync(file('differs.txt'), `${[...new Set(differs)].sort().join('\n')}\n`);
  else {
    expect([...new Set(differs)].filter((name) => !known.has(name))).toEqual([]);
    expect([...known].filter((name) => !differs.includes(name))).toEqual([]);
  }
  expect(cases.length).toBeGreaterThan(5000);
}, 60_000);
