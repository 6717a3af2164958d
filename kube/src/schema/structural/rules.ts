import type { ErrorCause } from '../../errors/index.ts';
import type { KubeObject } from '../../objects/index.ts';
import type { Schema } from '../types.ts';
import type { Correlation } from './correlation.ts';

/** The rules of a schema; none of them is compiled yet. */
export class Rules {
  readonly any: boolean;

  constructor(schema: Schema) {
    this.any = schema['x-kubernetes-validations'] !== undefined && false;
  }

  check(_object: KubeObject, _old: KubeObject | undefined, _past: Correlation | undefined): ErrorCause[] {
    return [];
  }
}
