import type { AdmissionExpressions, Compiled } from '../../admission/index.ts';
import { type Fields, parts, text } from '../fields.ts';
import { qualifiedName } from './names.ts';
import type { Problems } from './problems.ts';

const most = 64;

/** `matchConditions`. As in Kubernetes, those of a policy do not see its variables here, though they do when they run. */
export function validateMatchConditions(
  object: Fields,
  at: string,
  expressions: AdmissionExpressions,
  problems: Problems,
): void {
  const conditions = parts(object, 'matchConditions');
  if (conditions.length > most) problems.tooMany(`${at}.matchConditions`, conditions.length, most);
  const names = new Set<string>();
  for (const [index, condition] of conditions.entries()) {
    const here = `${at}.matchConditions[${index}]`;
    const expression = text(condition, 'expression')?.trim() ?? '';
    if (expression === '') problems.required(`${here}.expression`);
    else compiled(expressions.condition(expression), `${here}.expression`, problems);
    const name = text(condition, 'name') ?? '';
    if (name === '') {
      problems.required(`${here}.name`);
      continue;
    }
    for (const message of qualifiedName(name)) problems.invalid(`${here}.name`, name, message);
    if (names.has(name)) problems.duplicate(`${here}.name`, name);
    names.add(name);
  }
}

/** Says what the compiler has against an expression. */
export function compiled({ expression, error }: Compiled, at: string, problems: Problems): void {
  if (error !== undefined) problems.invalid(at, expression, error);
}
