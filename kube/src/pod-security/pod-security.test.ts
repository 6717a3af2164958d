import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Pod } from '../objects/index.ts';
import { described, evaluatePod, type Level, levelText, policyOf } from './index.ts';

/** What Kubernetes' own library answers; see golden/README.md. */
const { rounds, policies } = JSON.parse(
  gunzipSync(readFileSync(new URL('golden/verdicts.json.gz', import.meta.url))).toString(),
) as {
  rounds: { pod: Pod; verdicts: { level: Level; version: string; detail?: string; reason?: string }[] }[];
  policies: { labels: Record<string, string>; policy: Record<string, string>; bad?: string[] }[];
};

describe('the Pod Security Standards', () => {
  test('object to every pod as Kubernetes does, at every level and version', () => {
    let refused = 0;
    for (const [number, { pod, verdicts }] of rounds.entries()) {
      for (const { level, version, detail = '', reason = '' } of verdicts) {
        const minor = version === 'latest' ? version : Number(version.replace('v1.', ''));
        const objections = evaluatePod({ level, version: minor }, pod);
        const what = `${number}: ${pod.metadata.name} at ${level} ${version}`;
        expect(described(objections), what).toBe(detail);
        expect(objections.map((each) => each.reason).join(', '), what).toBe(reason);
        if (objections.length > 0) refused += 1;
      }
    }
    expect(rounds.length).toBeGreaterThan(6000);
    expect(refused).toBeGreaterThan(4000);
  });

  test('privileged objects to nothing', () => {
    for (const { pod } of rounds) expect(evaluatePod({ level: 'privileged', version: 'latest' }, pod)).toEqual([]);
  });

  test('labels ask for what Kubernetes reads in them', () => {
    for (const { labels, policy, bad = [] } of policies) {
      const found = policyOf(labels);
      const texts = Object.entries(found.policy).map(([mode, level]) => [mode, levelText(level)]);
      expect(Object.fromEntries(texts), JSON.stringify(labels)).toEqual(policy);
      const objections = found.bad.map(
        ({ label, value, message }) => `metadata.labels[${label}]: Invalid value: ${JSON.stringify(value)}: ${message}`,
      );
      expect(objections, JSON.stringify(labels)).toEqual(bad);
    }
  });
});
