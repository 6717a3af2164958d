import { type CelProgram, type CelType, celTypeOfSchema, celTypes, compile, isCelError } from '../../cel/index.ts';
import type { Schema, ValidationRule } from '../types.ts';
import { fieldPathIn } from './field-path.ts';

/** A rule, compiled, or what is wrong with it. */
export interface RuleProgram {
  readonly rule: ValidationRule;
  /** Undefined when the rule is empty or does not compile. */
  readonly program: CelProgram | undefined;
  /** What is wrong with the rule. */
  readonly fault: string | undefined;
  readonly message: CelProgram | undefined;
  /** What is wrong with the message's expression. */
  readonly messageFault: string | undefined;
  /** The rule compares with what was there before. */
  readonly usesOldSelf: boolean;
  /** The field below the rule's own that a failure is said of: `a.b`; '' for none. */
  readonly fieldPath: string;
}

/** The type that the rules of a schema see as `self`; undefined where Kubernetes exposes nothing. */
export function selfType(schema: Schema, isRoot: boolean): CelType | undefined {
  return celTypeOfSchema(schema, { resourceRoot: isRoot, name: 'self' });
}

/** Compiles one rule of a schema. */
export function compileRule(rule: ValidationRule, self: CelType, schema: Schema): RuleProgram {
  const oldSelf = rule.optionalOldSelf === true ? celTypes.optional(self) : self;
  const options = { variables: { self, oldSelf } };
  const none = { rule, program: undefined, message: undefined, messageFault: undefined, usesOldSelf: false };
  if (rule.rule.trim() === '') return { ...none, fault: undefined, fieldPath: '' };
  const { program, fault } = tryCompile(rule.rule, options, { kind: 'bool', said: 'cel expression' });
  if (program === undefined) return { ...none, fault, fieldPath: '' };
  const message = rule.messageExpression
    ? tryCompile(rule.messageExpression, options, { kind: 'string', said: 'messageExpression' })
    : undefined;
  const path = rule.fieldPath ? fieldPathIn(rule.fieldPath, schema) : undefined;
  return {
    rule,
    program,
    fault,
    message: message?.program,
    messageFault: message?.fault,
    usesOldSelf: program.uses.has('oldSelf'),
    fieldPath: path !== undefined && 'path' in path ? path.path : '',
  };
}

interface Expected {
  kind: 'bool' | 'string';
  said: 'cel expression' | 'messageExpression';
}

function tryCompile(
  expression: string,
  options: Parameters<typeof compile>[1],
  { kind, said }: Expected,
): { program: CelProgram | undefined; fault: string | undefined } {
  try {
    const program = compile(expression, options);
    if (program.returns.kind === kind) return { program, fault: undefined };
    return { program: undefined, fault: `${said} must evaluate to a ${kind}` };
  } catch (error) {
    if (!isCelError(error, 'Compilation')) throw error;
    return {
      program: undefined,
      fault: said === 'messageExpression' ? `messageExpression ${error.message}` : error.message,
    };
  }
}
