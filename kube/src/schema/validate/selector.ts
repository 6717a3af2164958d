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
    const at = `${path}.matchExpressions[${index}]`;
    const operator = text(expression, 'operator') ?? '';
    const values = Array.isArray(expression.values) ? expression.values : [];
    for (const message of qualifiedName(text(expression, 'key') ?? ''))
      problems.invalid(`${at}.key`, expression.key ?? '', message);
    if (operator === 'In' || operator === 'NotIn') {
      if (values.length === 0)
        problems.required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'");
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      if (values.length > 0)
        problems.forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
    } else {
      problems.invalid(`${at}.operator`, operator, 'not a valid selector operator');
    }
    for (const value of values) {
      for (const message of labelValue(String(value))) problems.invalid(`${at}.values`, value, message);
    }
  });
  return problems.causes.length === before;
}

/** A workload's selector: there, not empty, and true of the pods that it makes. */
export function validateTemplateSelector(spec: Fields, path: string, workload: string, problems: Problems): void {
  const selector = part(spec, 'selector');
  if (selector === undefined) {
    problems.required(`${path}.selector`);
    return;
  }
  if (!validateLabelSelector(selector, `${path}.selector`, problems)) return;
  const requirements = labelSelectorOf(selector) ?? [];
  if (requirements.length === 0) {
    problems.invalid(`${path}.selector`, selector, `empty selector is invalid for ${workload}`);
    return;
  }
  const labels = part(part(part(spec, 'template'), 'metadata'), 'labels') as Record<string, string> | undefined;
  if (!matchesLabels(requirements, labels)) {
    problems.invalid(`${path}.template.metadata.labels`, labels ?? null, '`selector` does not match template `labels`');
  }
}
