import {
  type CelProgram,
  type CelType,
  type CompileOptions,
  celTypes,
  compile,
  isCelError,
  mutationTypes,
} from '../cel/index.ts';
import { authorizerType, composedType, namespaceType, requestType, resourceCheckType } from './types.ts';

/** A compiled expression, or what is wrong with it in Kubernetes' words. */
export interface Compiled {
  expression: string;
  program?: CelProgram;
  error?: string;
}

export interface ExpressionOptions {
  /** Whether there is a `params`: the policy has a paramKind. */
  hasParams: boolean;
  /** Whether there is a `variables`, though it may be empty. */
  isComposed: boolean;
  /** Types of `object` and `oldObject`, and of `params`, where they are known. Default: `dyn`. */
  objectType?: CelType;
  paramsType?: CelType;
}

/**
 * Compiles the expressions of webhooks and policies: what they may name, what each must give, and what is said of those
 * that are wrong. Variables have to be declared in their order, and before what uses them.
 * Source: `k8s.io/apiserver/pkg/admission/plugin/cel`; "CEL in Kubernetes".
 */
export class AdmissionExpressions {
  readonly #options: ExpressionOptions;
  /** The variables declared so far: one type that grows, since a policy may have thousands of them. */
  readonly #composed = new Map<string, { property: string; type: CelType }>();
  readonly #composedType: CelType = { kind: 'object', name: 'kubernetes.variables', fields: this.#composed };

  constructor(options: ExpressionOptions) {
    this.#options = options;
  }

  /** Declares `variables.name`. */
  variable(name: string, expression: string): Compiled {
    const compiled = this.#compile(expression, undefined);
    const type = compiled.program ? composedType(compiled.program.returns) : celTypes.dyn;
    this.#composed.set(name, { property: name, type });
    return compiled;
  }

  /** A match condition or a validation. */
  condition(expression: string): Compiled {
    return this.#compile(expression, [celTypes.bool]);
  }

  /** A message; it may not ask what somebody is allowed to do. */
  message(expression: string): Compiled {
    return this.#compile(expression, [celTypes.string], { hasAuthorizer: false });
  }

  auditValue(expression: string): Compiled {
    return this.#compile(expression, [celTypes.string, celTypes.nullType]);
  }

  /** What gives a patch: an `Object` to be applied, or a list of JSON patch operations. */
  mutation(patchType: 'ApplyConfiguration' | 'JSONPatch', expression: string): Compiled {
    const [object, operation] = [mutationTypes('Object'), mutationTypes('JSONPatch')] as [CelType, CelType];
    const wanted = patchType === 'JSONPatch' ? celTypes.list(operation) : object;
    return this.#compile(expression, [wanted], { constructible: mutationTypes });
  }

  /** Any expression, for type checking only. */
  anything(expression: string): Compiled {
    return this.#compile(expression, undefined);
  }

  #compile(
    expression: string,
    returns: readonly CelType[] | undefined,
    { hasAuthorizer = true, ...options }: { hasAuthorizer?: boolean } & Pick<CompileOptions, 'constructible'> = {},
  ): Compiled {
    try {
      const program = compile(expression, { variables: this.#variables(hasAuthorizer), ...options });
      const error = returns && mismatch(program.returns, returns);
      return error === undefined ? { expression, program } : { expression, error };
    } catch (error) {
      if (!isCelError(error, 'Compilation')) throw error;
      return { expression, error: error.message };
    }
  }

  #variables(hasAuthorizer: boolean): Record<string, CelType> {
    const { hasParams, isComposed, objectType = celTypes.dyn, paramsType = celTypes.dyn } = this.#options;
    return {
      object: objectType,
      oldObject: objectType,
      namespaceObject: namespaceType,
      request: requestType,
      ...(hasParams ? { params: paramsType } : {}),
      ...(hasAuthorizer ? { authorizer: authorizerType, 'authorizer.requestResource': resourceCheckType } : {}),
      ...(isComposed ? { variables: this.#composedType } : {}),
    };
  }
}

/** Admission wants the exact type: what is only known to be `dyn` does not do. */
function mismatch(found: CelType, wanted: readonly CelType[]): string | undefined {
  const got = printed(found);
  const names = wanted.map(printed);
  if (names.includes(got)) return undefined;
  if (names.length === 1) return `must evaluate to ${names[0]} but got ${got}`;
  return `must evaluate to one of [${names.join(' ')}] but got ${got}`;
}

/** As cel-go prints a type by itself. */
function printed(type: CelType): string {
  if (type.kind === 'null') return 'null_type';
  if (type.kind === 'timestamp') return 'google.protobuf.Timestamp';
  if (type.kind === 'duration') return 'google.protobuf.Duration';
  return celTypes.printType(type);
}
