import { labelSelectorOf, matchesLabels } from '../../selectors/index.ts';
import { type Fields, part, parts, text } from '../fields.ts';
import { labelValue, qualifiedName } from './names.ts';
import type { Problems } from './problems.ts';

/** A `LabelSelector`. Answers whether it is well-formed. */
export function validateLabelSelector(selector: Fields | undefined, path: string, problems: Problems): boolean {
  const before = problems.causes.length;
  for (const [key, value] of Object.entries(part(selector, 'matchLabels') ?? {})) {
    for (const message of qualifiedName(key)) problems.invalid(`${path}.matchLabels`, key, message);
    for (const message of labelValue(String(value))) problems.invalid(`${path}.matchLabels`, value, message);
  }
  parts(selector, 'matchExpressions').forEach((expression, index) => {
    validateRequirement(expression, `${path}.matchExpressions[${index}]`, problems);
  });
  return problems.causes.length === before;
}

/** One requirement of a label selector; `anyOperator`: newer ones than we know are no mistake. */
export function validateRequirement(
  expression: Fields,
  at: string,
  problems: Problems,
  options: { anyOperator?: boolean } = {},
): void {
  const operator = text(expression, 'operator') ?? '';
  const values = Array.isArray(expression.values) ? expression.values : [];
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0) problems.required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'");
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0)
      problems.forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
  } else if (!options.anyOperator) {
    problems.invalid(`${at}.operator`, operator, 'not a valid selector operator');
  }
  for (const message of qualifiedName(text(expression, 'key') ?? ''))
    problems.invalid(`${at}.key`, expression.key ?? '', message);
  for (const [position, value] of values.entries()) {
    for (const message of labelValue(String(value))) problems.invalid(`${at}.values[${position}]`, value, message);
  }
}

/**
 * A workload's selector: there, not empty, and true of the pods that it makes. `says` is what the kind adds about a
 * selector that is not well-formed.
 */
export function validateTemplateSelector(
  spec: Fields,
  path: string,
  workload: string,
  problems: Problems,
  says = '',
): void {
  const selector = part(spec, 'selector');
  const isRight = selector !== undefined && validateLabelSelector(selector, `${path}.selector`, problems);
  const labels = part(part(part(spec, 'template'), 'metadata'), 'labels') as Record<string, string> | undefined;
  if (selector === undefined) problems.required(`${path}.selector`);
  else if (Object.keys(selector).length === 0) {
    problems.invalid(`${path}.selector`, selector, `empty selector is invalid for ${workload}`);
  }
  if (selector !== undefined && !isRight) {
    problems.invalid(`${path}.selector`, shownSelector(selector), says);
    return;
  }
  const requirements = selector === undefined ? [] : (labelSelectorOf(selector) ?? []);
  if (selector !== undefined && requirements.length === 0) return;
  if (selector === undefined || !matchesLabels(requirements, labels)) {
    problems.invalid(`${path}.template.metadata.labels`, labels ?? null, '`selector` does not match template `labels`');
  }
}

/** As Go writes it: fields in the order of its type. */
function shownSelector(selector: Fields): Fields {
  const { matchLabels, matchExpressions } = selector;
  const expressions = parts(selector, 'matchExpressions').map(({ key = '', operator = '', values }) => ({
    key,
    operator,
    ...(Array.isArray(values) && values.length > 0 ? { values } : {}),
  }));
  return {
    ...(matchLabels === undefined ? {} : { matchLabels }),
    ...(matchExpressions === undefined ? {} : { matchExpressions: expressions }),
  };
}
