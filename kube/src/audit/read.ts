import { BerthError } from '../errors/index.ts';
import { Fields } from './fields.ts';
import type { GroupResources, Level, Policy, Rule, Stage } from './policy.ts';
import { checkPolicy } from './validate.ts';

export const apiVersion = 'audit.k8s.io/v1';

/** A policy, and the paths of fields that it has and the kind has not: most likely a slip, so somebody should be told. */
export interface ReadPolicy {
  policy: Policy;
  unknown: readonly string[];
}

/**
 * Reads a policy from what JSON or YAML stands for. Throws `Invalid` with everything that is wrong, in Kubernetes' words.
 * Source: `LoadPolicyFromBytes` of `k8s.io/apiserver/pkg/audit/policy`.
 */
export function readPolicy(value: unknown): ReadPolicy {
  const unknown: string[] = [];
  const root = new Fields(value, '', unknown);
  checkKind(root.text('apiVersion'), root.text('kind'));
  root.skip('metadata');
  const policy: Policy = {
    rules: root.objects('rules', ruleOf),
    omitStages: root.texts('omitStages') as Stage[],
    omitManagedFields: root.flag('omitManagedFields') ?? false,
  };
  root.end();
  checkPolicy(policy);
  if (policy.rules.length === 0) throw new BerthError('Invalid', 'loaded illegal policy with 0 rules');
  return { policy, unknown };
}

function checkKind(version: string, kind: string): void {
  const failed = (why: string) => new BerthError('Invalid', `failed decoding: ${why}`);
  if (version === '') throw failed(`the policy has no apiVersion: ${apiVersion} is wanted`);
  // As there, a policy need not say what it is.
  if (version !== apiVersion || (kind !== '' && kind !== 'Policy')) {
    throw failed(`no kind "${kind}" is registered for version "${version}": a Policy of ${apiVersion} is wanted`);
  }
}

function ruleOf(fields: Fields): Rule {
  const omitManagedFields = fields.flag('omitManagedFields');
  return {
    level: fields.text('level') as Level,
    users: fields.texts('users'),
    userGroups: fields.texts('userGroups'),
    verbs: fields.texts('verbs'),
    resources: fields.objects('resources', resourcesOf),
    namespaces: fields.texts('namespaces'),
    nonResourceURLs: fields.texts('nonResourceURLs'),
    omitStages: fields.texts('omitStages') as Stage[],
    ...(omitManagedFields === undefined ? {} : { omitManagedFields }),
  };
}

function resourcesOf(fields: Fields): GroupResources {
  return {
    group: fields.text('group'),
    resources: fields.texts('resources'),
    resourceNames: fields.texts('resourceNames'),
  };
}
