import { type CelType, celTypes, compile, isCelError, type MapType } from '../../cel/index.ts';
import { type Fields, part, parts, text } from '../fields.ts';
import type { Problems } from './problems.ts';
import { validateDriverName } from './storage.ts';

type Rule = (object: Fields, problems: Problems, old?: Fields) => void;

const mostSelectors = 32;
const mostConfigurations = 32;
const longestExpression = 10 * 1024;
const dearestExpression = 1_000_000;
const longestParameters = 10 * 1024;

/** What may be asked of a device. */
export const validateDeviceClass: Rule = (object, problems) => {
  const spec = part(object, 'spec') ?? {};
  limited(parts(spec, 'selectors'), mostSelectors, 'spec.selectors', problems, validateSelector);
  limited(parts(spec, 'config'), mostConfigurations, 'spec.config', problems, validateConfiguration);
};

/** Each item, unless there are too many to look at. */
export function limited<T>(
  items: readonly T[],
  most: number,
  at: string,
  problems: Problems,
  each: (item: T, at: string, problems: Problems) => void,
): void {
  if (items.length > most) problems.tooMany(at, items.length, most);
  else for (const [index, item] of items.entries()) each(item, `${at}[${index}]`, problems);
}

function validateSelector(selector: Fields, at: string, problems: Problems): void {
  const cel = part(selector, 'cel');
  if (cel === undefined) {
    problems.required(`${at}.cel`);
    return;
  }
  const expression = text(cel, 'expression') ?? '';
  const field = `${at}.cel.expression`;
  if (Buffer.byteLength(expression) > longestExpression) problems.tooLong(field, longestExpression);
  else validateExpression(expression, field, problems);
}

function validateExpression(expression: string, at: string, problems: Problems): void {
  try {
    const program = compile(expression, { variables: { device: deviceType() } });
    const { kind } = program.returns;
    if (kind !== 'bool' && kind !== 'dyn') {
      const found = celTypes.printType(program.returns);
      problems.invalid(at, expression, `must evaluate to bool or the unknown type, not ${found}`);
    } else if (program.estimateCost() > dearestExpression) {
      problems.forbidden(at, 'too complex, exceeds cost limit');
    }
  } catch (error) {
    if (!isCelError(error, 'Compilation')) throw error;
    problems.invalid(at, expression, error.message);
  }
}

/** A device as selectors see it: its attributes and capacities by domain and name. */
function deviceType(): CelType {
  const text = (maxElements: number) => ({ ...celTypes.string, maxElements });
  const byName = (value: CelType): MapType => ({ ...celTypes.map(text(32), value), maxElements: 32 });
  const byDomain = (value: CelType): MapType => ({ ...celTypes.map(text(63), byName(value)), maxElements: 32 });
  return celTypes.object('kubernetes.DRADevice', {
    driver: text(63),
    attributes: byDomain({ ...celTypes.dyn, maxElements: 64 }),
    capacity: byDomain(celTypes.opaque('kubernetes.Quantity')),
  });
}

function validateConfiguration(configuration: Fields, at: string, problems: Problems): void {
  const opaque = part(configuration, 'opaque');
  if (opaque === undefined) {
    problems.required(`${at}.opaque`);
    return;
  }
  validateDriverName(text(opaque, 'driver') ?? '', `${at}.opaque.driver`, problems);
  const { parameters } = opaque;
  const field = `${at}.opaque.parameters`;
  if (parameters === undefined || parameters === null) problems.required(field);
  else if (Buffer.byteLength(JSON.stringify(parameters)) > longestParameters)
    problems.tooLong(field, longestParameters);
  else if (part(opaque, 'parameters') === undefined)
    problems.invalid(field, '<value omitted>', 'must be a valid JSON object');
}
