import { type Fields, parts, text } from '../fields.ts';
import { dnsSubdomain, labelValue, qualifiedName } from './names.ts';
import type { Problems } from './problems.ts';

const nodeOperators = ['DoesNotExist', 'Exists', 'Gt', 'In', 'Lt', 'NotIn'];

/** A term of a node selector. */
export function validateNodeTerm(term: Fields | undefined, path: string, problems: Problems): void {
  for (const list of ['matchExpressions', 'matchFields']) {
    parts(term, list).forEach((expression, index) => {
      const at = `${path}.${list}[${index}]`;
      const operator = text(expression, 'operator') ?? '';
      const count = Array.isArray(expression.values) ? expression.values.length : 0;
      if (list === 'matchFields') {
        validateFieldExpression(expression, at, problems);
        return;
      }
      if ((operator === 'In' || operator === 'NotIn') && count === 0) {
        problems.required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'");
      } else if ((operator === 'Exists' || operator === 'DoesNotExist') && count > 0) {
        problems.forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
      } else if ((operator === 'Gt' || operator === 'Lt') && count !== 1) {
        problems.required(`${at}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'");
      } else if (!nodeOperators.includes(operator)) {
        problems.invalid(`${at}.operator`, operator, 'not a valid selector operator');
      }
      for (const message of qualifiedName(text(expression, 'key') ?? ''))
        problems.invalid(`${at}.key`, expression.key ?? '', message);
      const values = Array.isArray(expression.values) ? (expression.values as string[]) : [];
      if (operator !== 'Gt' && operator !== 'Lt') {
        values.forEach((value, position) => {
          for (const message of labelValue(value)) problems.invalid(`${at}.values[${position}]`, value, message);
        });
      }
    });
  }
}

/** A node's own fields, of which only the name is known. */
function validateFieldExpression(expression: Fields, at: string, problems: Problems): void {
  const operator = text(expression, 'operator') ?? '';
  const key = text(expression, 'key') ?? '';
  const values = Array.isArray(expression.values) ? (expression.values as string[]) : [];
  if (operator !== 'In' && operator !== 'NotIn') {
    problems.invalid(`${at}.operator`, operator, 'not a valid selector operator');
  } else if (values.length !== 1) {
    problems.required(
      `${at}.values`,
      "must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
    );
  }
  if (key !== 'metadata.name') {
    problems.invalid(`${at}.key`, key, 'not a valid field selector key');
    return;
  }
  values.forEach((value, position) => {
    for (const message of dnsSubdomain(value)) problems.invalid(`${at}.values[${position}]`, value, message);
  });
}
