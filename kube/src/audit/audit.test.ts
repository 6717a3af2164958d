import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { type AuditedRequest, readPolicy, type Scope, scopesOf } from './index.ts';

/** Made by Kubernetes' own code: see golden/README.md. */
interface Golden {
  /** `Metadata omit=Panic managed=true`: level, stages that are left out, whether managed fields are kept. */
  outcomes: string[];
  requests: ({ user?: string; groups?: string[]; verb: string } & Record<string, string>)[];
  /** Either why a policy is refused, or two hexadecimal digits a request: the number of its outcome. */
  policies: { policy: unknown; error?: string; results?: string }[];
}

const file = new URL('golden/policies.json.gz', import.meta.url);
const golden = JSON.parse(gunzipSync(readFileSync(file)).toString()) as Golden;

function outcomeOf({ level, omitStages, omitManagedFields }: Scope): string {
  if (level === 'None') return level;
  return `${level} omit=${[...omitStages].sort().join(',')} managed=${!omitManagedFields}`;
}

describe('what Kubernetes makes of policies', () => {
  const requests = golden.requests.map(({ user: name, groups = [], ...asked }) => {
    return { ...asked, ...(name === undefined ? {} : { user: { name, groups } }) } as unknown as AuditedRequest;
  });

  test('levels, stages and managed fields of every request', () => {
    const good = golden.policies.filter(({ results }) => results !== undefined);
    expect(good.length).toBeGreaterThan(100);
    for (const { policy, results = '' } of good) {
      const scope = scopesOf(readPolicy(policy).policy);
      const numbers = results.match(/../g)?.map((digits) => Number.parseInt(digits, 16)) ?? [];
      const said = requests.map((request) => outcomeOf(scope(request)));
      expect(said, JSON.stringify(policy)).toEqual(numbers.map((number) => golden.outcomes[number]));
    }
  });

  test('why it refuses others', () => {
    const bad = golden.policies.filter(({ error }) => error !== undefined);
    expect(bad.length).toBeGreaterThan(80);
    for (const { policy, error = '' } of bad) {
      const refused = () => readPolicy(policy);
      // Go names the types that it decodes into, of which whoever wrote the file knows nothing.
      if (/^failed decoding|^unknown group version/.test(error)) expect(refused).toThrow(/^failed decoding: /);
      else expect(refused, JSON.stringify(policy)).toThrow(error);
    }
  });
});

describe('reading', () => {
  const policy = (rules: unknown, more: object = {}) => ({
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    rules,
    ...more,
  });

  test('null is what is absent; fields that there are not are told', () => {
    const { policy: read, unknown } = readPolicy(
      policy([{ level: 'Metadata', users: null, usres: ['a'], resources: [{ grop: '' }] }], { metadata: {}, omit: 1 }),
    );
    expect(read.rules[0]?.users).toEqual([]);
    expect(unknown).toEqual(['rules[0].resources[0].grop', 'rules[0].usres', 'omit']);
  });

  test.each([
    [policy({}), 'rules: a list is wanted'],
    [policy([null]), 'rules[0]: an object is wanted'],
    [policy([{ level: 'None', users: 'a' }]), 'rules[0].users: a list is wanted'],
    [policy([{ level: 'None', users: [1] }]), 'rules[0].users[0]: a string is wanted'],
    [policy([{ level: 'None', omitManagedFields: 'yes' }]), 'rules[0].omitManagedFields: true or false is wanted'],
    [policy([{ level: 7 }]), 'rules[0].level: a string is wanted'],
    [[], 'failed decoding: an object is wanted'],
    [null, 'failed decoding: an object is wanted'],
  ])('%j is refused', (value, why) => {
    expect(() => readPolicy(value)).toThrow(why);
  });
});
