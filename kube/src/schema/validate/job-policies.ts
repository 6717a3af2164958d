import { type Fields, part, parts, text } from '../fields.ts';
import { negativeMessage, qualifiedName } from './names.ts';
import type { Problems } from './problems.ts';

const modes = ['NonIndexed', 'Indexed'];

/** What a job says of its indexes, of failures and of success. */
export function validateJobPolicies(spec: Fields, at: string, problems: Problems): void {
  const given = text(spec, 'completionMode');
  const mode = given ?? 'NonIndexed';
  const isIndexed = mode === 'Indexed';
  const completions = typeof spec.completions === 'number' ? spec.completions : undefined;
  if (!modes.includes(mode)) problems.unsupported(`${at}.completionMode`, mode, modes);
  if (isIndexed && completions === undefined) {
    problems.required(`${at}.completions`, 'when completion mode is Indexed');
  }
  if (isIndexed && typeof spec.parallelism === 'number' && spec.parallelism > 100_000) {
    problems.invalid(
      `${at}.parallelism`,
      spec.parallelism,
      'must be less than or equal to 100000 when completion mode is Indexed',
    );
  }
  for (const field of ['backoffLimitPerIndex', 'maxFailedIndexes']) {
    if (spec[field] !== undefined && mode === 'NonIndexed')
      problems.invalid(`${at}.${field}`, spec[field], 'requires indexed completion mode');
  }
  const failed = spec.maxFailedIndexes;
  if (typeof failed === 'number') {
    if (completions !== undefined && failed > completions)
      problems.invalid(`${at}.maxFailedIndexes`, failed, 'must be less than or equal to completions');
    if (spec.backoffLimitPerIndex === undefined)
      problems.required(`${at}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified');
  }
  validateFailurePolicy(spec, at, problems);
  validateSuccessPolicy(spec, at, isIndexed, problems);
}

const actions = ['Count', 'FailIndex', 'FailJob', 'Ignore'];

function validateFailurePolicy(spec: Fields, at: string, problems: Problems): void {
  const policy = part(spec, 'podFailurePolicy');
  if (policy === undefined) {
    const replacement = text(spec, 'podReplacementPolicy');
    const known = ['Failed', 'TerminatingOrFailed'];
    if (replacement !== undefined && !known.includes(replacement))
      problems.unsupported(`${at}.podReplacementPolicy`, replacement, known);
    return;
  }
  const replacement = text(spec, 'podReplacementPolicy');
  if (replacement !== undefined && replacement !== 'Failed') {
    problems.unsupported(`${at}.podReplacementPolicy`, replacement, ['Failed']);
  }
  const pod = part(part(spec, 'template'), 'spec');
  const names = [...parts(pod, 'containers'), ...parts(pod, 'initContainers')].map((container) => container.name);
  parts(policy, 'rules').forEach((rule, index) => {
    const path = `${at}.podFailurePolicy.rules[${index}]`;
    const action = text(rule, 'action') ?? '';
    if (action === '')
      problems.required(`${path}.action`, `valid values: [${actions.map((one) => JSON.stringify(one)).join(' ')}]`);
    else if (!actions.includes(action)) problems.unsupported(`${path}.action`, action, actions);
    const codes = part(rule, 'onExitCodes');
    const conditions = parts(rule, 'onPodConditions');
    if (codes !== undefined) validateExitCodes(codes, `${path}.onExitCodes`, names, problems);
    conditions.forEach((condition, position) => {
      const where = `${path}.onPodConditions[${position}]`;
      const type = text(condition, 'type') ?? '';
      for (const message of qualifiedName(type)) problems.invalid(`${where}.type`, type, message);
      const status = text(condition, 'status') ?? '';
      if (status === '') problems.required(`${where}.status`, 'valid values: ["False" "True" "Unknown"]');
      else if (!['False', 'True', 'Unknown'].includes(status))
        problems.unsupported(`${where}.status`, status, ['False', 'True', 'Unknown']);
    });
    if (codes !== undefined && conditions.length > 0) {
      problems.wrong(path, 'specifying both OnExitCodes and OnPodConditions is not supported');
    } else if (codes === undefined && conditions.length === 0) {
      problems.wrong(path, 'specifying one of OnExitCodes and OnPodConditions is required');
    }
  });
}

function validateExitCodes(codes: Fields, at: string, names: readonly unknown[], problems: Problems): void {
  const operator = text(codes, 'operator') ?? '';
  if (operator === '') problems.required(`${at}.operator`, 'valid values: ["In" "NotIn"]');
  else if (operator !== 'In' && operator !== 'NotIn') problems.unsupported(`${at}.operator`, operator, ['In', 'NotIn']);
  const container = text(codes, 'containerName');
  if (container !== undefined && !names.includes(container)) {
    problems.invalid(
      `${at}.containerName`,
      container,
      'must be one of the container or initContainer names in the pod template',
    );
  }
  const values = Array.isArray(codes.values) ? (codes.values as number[]) : [];
  if (values.length === 0) problems.invalid(`${at}.values`, codes.values ?? null, 'at least one value is required');
  const seen = new Set<number>();
  for (const [index, value] of values.entries()) {
    if (operator === 'In' && value === 0)
      problems.invalid(`${at}.values[${index}]`, value, 'must not be 0 for the In operator');
    if (seen.has(value)) problems.duplicate(`${at}.values[${index}]`, value);
    seen.add(value);
  }
  const isOrdered = values.every((value, index) => index === 0 || value >= (values[index - 1] ?? value));
  if (!isOrdered) problems.invalid(`${at}.values`, values, 'must be ordered');
}

function validateSuccessPolicy(spec: Fields, at: string, isIndexed: boolean, problems: Problems): void {
  const policy = part(spec, 'successPolicy');
  if (policy === undefined) return;
  const rules = parts(policy, 'rules');
  if (!isIndexed) {
    const shown = rules.map((rule) => ({
      SucceededIndexes: rule.succeededIndexes ?? null,
      SucceededCount: rule.succeededCount ?? null,
    }));
    problems.invalid(`${at}.successPolicy`, { Rules: shown }, 'requires indexed completion mode');
    return;
  }
  if (rules.length === 0) {
    problems.required(
      `${at}.successPolicy.rules`,
      'at least one rules must be specified when the successPolicy is specified',
    );
  }
  const completions = typeof spec.completions === 'number' ? spec.completions : 0;
  rules.forEach((rule, index) => {
    const path = `${at}.successPolicy.rules[${index}]`;
    const { succeededCount: count } = rule;
    const indexes = text(rule, 'succeededIndexes');
    if (count === undefined && indexes === undefined) {
      problems.required(path, 'at least one of succeededCount or succeededIndexes must be specified');
      return;
    }
    let total: number | undefined;
    if (indexes !== undefined) {
      const { count: found, fault } = countIndexes(indexes, completions);
      if (fault !== undefined)
        problems.invalid(`${path}.succeededIndexes`, indexes, `error parsing succeededIndexes: ${fault}`);
      total = found;
    }
    if (typeof count !== 'number') return;
    if (count < 0) problems.invalid(`${path}.succeededCount`, count, negativeMessage);
    if (count > completions) {
      problems.invalid(
        `${path}.succeededCount`,
        count,
        `must be less than or equal to ${completions} (the number of specified completions)`,
      );
    }
    if (total !== undefined && count > total) {
      problems.invalid(
        `${path}.succeededCount`,
        count,
        `must be less than or equal to ${total} (the number of indexes in the specified succeededIndexes field)`,
      );
    }
  });
}

/** How many indexes `0,2-4` names, or why it names none. */
function countIndexes(textual: string, completions: number): { count: number; fault?: string } {
  let count = 0;
  let last = -1;
  if (textual === '') return { count };
  for (const interval of textual.split(',')) {
    const ends = interval.split('-');
    if (ends.length > 2)
      return {
        count: 0,
        fault: `the fragment ${JSON.stringify(interval)} violates the requirement that an index interval can have at most two parts separated by '-'`,
      };
    const numbers: number[] = [];
    for (const end of ends) {
      if (!/^[+-]?\d+$/.test(end)) {
        return { count: 0, fault: `cannot convert string to integer for index: ${JSON.stringify(end)}` };
      }
      if (Number(end) >= completions) return { count: 0, fault: `too large index: ${JSON.stringify(end)}` };
      numbers.push(Number(end));
    }
    const [first = 0, second = first] = numbers;
    if (first <= last) return { count: 0, fault: `non-increasing order, previous: ${last}, current: ${first}` };
    if (second < first) return { count: 0, fault: `non-increasing order, previous: ${first}, current: ${second}` };
    count += second - first + 1;
    last = second;
  }
  return { count };
}
