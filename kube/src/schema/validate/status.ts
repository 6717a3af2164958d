import { X509Certificate } from 'node:crypto';
import { type Fields, part, parts, text } from '../fields.ts';
import { negativeMessage } from './names.ts';
import type { Problems } from './problems.ts';

type Rule = (object: Fields, problems: Problems, old?: Fields) => void;

const tooMany = 'cannot be greater than status.replicas';

function number(status: Fields | undefined, field: string): number {
  const value = status?.[field];
  return typeof value === 'number' ? value : 0;
}

/** Numbers of at least zero, of which some may not exceed others. */
function counts(fields: readonly string[], atMost: readonly (readonly [string, string, string])[], status?: Fields) {
  return (problems: Problems): void => {
    for (const field of fields) {
      const value = number(status, field);
      if (value < 0) problems.invalid(`status.${field}`, value, negativeMessage);
    }
    for (const [field, limit, message] of atMost) {
      const value = number(status, field);
      if (value > number(status, limit)) problems.invalid(`status.${field}`, value, message);
    }
  };
}

/** How often the names of revisions collided never goes back. */
function neverLess(status: Fields | undefined, old: Fields | undefined, problems: Problems): void {
  const before = part(old, 'status');
  if (before?.collisionCount === undefined) return;
  const value = status?.collisionCount;
  if (value === undefined || number(status, 'collisionCount') < number(before, 'collisionCount')) {
    problems.invalid('status.collisionCount', value ?? 0, 'cannot be decremented');
  }
}

const deployment: Rule = (object, problems, old) => {
  const status = part(object, 'status');
  const most = (field: string) => [field, 'replicas', tooMany] as const;
  counts(
    [
      'observedGeneration',
      'replicas',
      'updatedReplicas',
      'readyReplicas',
      'availableReplicas',
      'unavailableReplicas',
      'terminatingReplicas',
      'collisionCount',
    ],
    [
      most('updatedReplicas'),
      most('readyReplicas'),
      most('availableReplicas'),
      ['availableReplicas', 'readyReplicas', 'cannot be greater than readyReplicas'],
    ],
    status,
  )(problems);
  neverLess(status, old, problems);
};

const replicaSet: Rule = (object, problems) => {
  const most = (field: string) => [field, 'replicas', tooMany] as const;
  counts(
    [
      'replicas',
      'fullyLabeledReplicas',
      'readyReplicas',
      'availableReplicas',
      'terminatingReplicas',
      'observedGeneration',
    ],
    [
      most('fullyLabeledReplicas'),
      most('readyReplicas'),
      most('availableReplicas'),
      ['availableReplicas', 'readyReplicas', 'cannot be greater than readyReplicas'],
    ],
    part(object, 'status'),
  )(problems);
};

const statefulSet: Rule = (object, problems, old) => {
  const status = part(object, 'status');
  const most = (field: string) => [field, 'replicas', tooMany] as const;
  counts(
    [
      'replicas',
      'readyReplicas',
      'currentReplicas',
      'updatedReplicas',
      'availableReplicas',
      'observedGeneration',
      'collisionCount',
    ],
    [
      most('readyReplicas'),
      most('currentReplicas'),
      most('updatedReplicas'),
      most('availableReplicas'),
      ['availableReplicas', 'readyReplicas', 'cannot be greater than status.readyReplicas'],
    ],
    status,
  )(problems);
  neverLess(status, old, problems);
};

const daemonSet: Rule = (object, problems, old) => {
  const status = part(object, 'status');
  counts(
    [
      'currentNumberScheduled',
      'numberMisscheduled',
      'desiredNumberScheduled',
      'numberReady',
      'observedGeneration',
      'updatedNumberScheduled',
      'numberAvailable',
      'numberUnavailable',
      'collisionCount',
    ],
    [],
    status,
  )(problems);
  neverLess(status, old, problems);
};

const disruptionBudget: Rule = (object, problems) => {
  counts(
    ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods'],
    [],
    part(object, 'status'),
  )(problems);
};

const decisions = ['Approved', 'Denied'];

const pemBlock = /-----BEGIN ([^-]+)-----\s*\n([\s\S]*?)-----END \1-----/g;

/** What is wrong with certificates, PEM in base64; none are right. */
function certificateFault(data: string): string | undefined {
  if (data === '') return undefined;
  const blocks = [...Buffer.from(data, 'base64').toString('latin1').matchAll(pemBlock)];
  for (const [, type = '', body = ''] of blocks) {
    if (type !== 'CERTIFICATE') return `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(type)}`;
    if (body.includes(':')) return 'no PEM block headers are permitted';
    try {
      new X509Certificate(Buffer.from(body, 'base64'));
    } catch {
      return 'x509: malformed certificate';
    }
  }
  return blocks.length > 0 ? undefined : 'must contain at least one CERTIFICATE PEM block';
}

/** The conditions of a certificate request: each decision once, never both, and only through `approval`. */
export function validateRequestConditions(
  object: Fields,
  old: Fields | undefined,
  through: string,
  problems: Problems,
): void {
  const conditions = parts(part(object, 'status'), 'conditions');
  const seen = new Set<string>();
  conditions.forEach((condition, index) => {
    const at = `status.conditions[${index}]`;
    const type = text(condition, 'type') ?? '';
    const value = text(condition, 'status') ?? '';
    if (type === '') problems.required(`${at}.type`);
    const fixed = decisions.includes(type) || type === 'Failed';
    if (value === '') problems.required(`${at}.status`);
    else if (fixed && value !== 'True') problems.unsupported(`${at}.status`, value, ['True']);
    else if (!fixed && !['True', 'False', 'Unknown'].includes(value)) {
      problems.unsupported(`${at}.status`, value, ['False', 'True', 'Unknown']);
    }
    const rival = decisions.find((decision) => decision !== type);
    if (decisions.includes(type) && rival !== undefined && seen.has(rival)) {
      problems.invalid('status.conditions', type, 'Approved and Denied conditions are mutually exclusive');
    }
    if (seen.has(type)) problems.duplicate(`${at}.type`, type);
    seen.add(type);
  });
  const [certificate, issued] = [object, old].map((of) => text(part(of, 'status'), 'certificate') ?? '');
  if (certificate !== issued && certificateFault(issued ?? '') === undefined) {
    const fault = certificateFault(certificate ?? '');
    if (fault !== undefined) problems.invalid('status.certificate', '<certificate data>', fault);
  }
  if (old === undefined) return;
  const before = parts(part(old, 'status'), 'conditions').map((condition) => condition.type);
  for (const type of [...decisions, 'Failed']) {
    const [was, is] = [before.includes(type), seen.has(type)];
    if (was && !is) {
      problems.forbidden('status.conditions', `updates may not remove a condition of type ${JSON.stringify(type)}`);
    }
    if (!was && is && decisions.includes(type) && through !== 'approval') {
      problems.forbidden('status.conditions', `updates may not add a condition of type ${JSON.stringify(type)}`);
    }
  }
}

/** What may be wrong with a status that is written through its subresource. */
export const statusRules: Readonly<Record<string, Rule>> = {
  'apps/v1/Deployment': deployment,
  'apps/v1/ReplicaSet': replicaSet,
  'v1/ReplicationController': replicaSet,
  'apps/v1/StatefulSet': statefulSet,
  'apps/v1/DaemonSet': daemonSet,
  'policy/v1/PodDisruptionBudget': disruptionBudget,
};
