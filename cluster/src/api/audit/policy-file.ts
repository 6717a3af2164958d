import { readFileSync } from 'node:fs';
import { type Policy, readPolicy, scopesOf } from '@berth/kube/audit';
import { BerthError } from '@berth/kube/errors';
import { convert } from '../yaml/convert.ts';

/** A policy, and sentences about it that whoever wrote it should read. */
export interface LoadedPolicy {
  policy: Policy;
  remarks: readonly string[];
}

/** The policy that counts where none is given. */
export function usualPolicy(): Policy {
  return readPolicy(readYaml(readFileSync(new URL('usual-policy.yaml', import.meta.url), 'utf8'))).policy;
}

/** Reads a policy of `audit.k8s.io/v1` from a YAML or JSON file. Throws `Invalid` with what is wrong, and where. */
export function loadPolicy(file: string): LoadedPolicy {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    const why = (cause as Error).message;
    throw new BerthError('Invalid', `failed to read file path "${file}": ${why}`, { cause });
  }
  try {
    const { policy, unknown } = readPolicy(readYaml(text));
    const remarks = unknown.map((path) => `${file}: the audit policy has a field that there is not: ${path}`);
    if (showsSecrets(policy)) remarks.push(`${file}: by this audit policy the log holds secrets or tokens themselves`);
    return { policy, remarks };
  } catch (error) {
    throw new BerthError('Invalid', `${(error as Error).message}: from file ${file}`, { cause: error });
  }
}

function readYaml(text: string): unknown {
  return JSON.parse(convert('toJson', text).text);
}

/** Whether anybody's secret or token would be recorded with its body. */
function showsSecrets(policy: Policy): boolean {
  const scope = scopesOf(policy);
  const user = { name: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] };
  const at = { user, verb: 'create', namespace: 'default', name: 'x' };
  return [
    { ...at, group: '', resource: 'secrets', subresource: '' },
    { ...at, group: '', resource: 'serviceaccounts', subresource: 'token' },
    { ...at, group: 'authentication.k8s.io', resource: 'tokenreviews', subresource: '', namespace: '' },
  ].some((request) => ['Request', 'RequestResponse'].includes(scope(request).level));
}
