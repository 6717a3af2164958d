import type { CustomResourceDefinition } from '@berth/kube/schema';
import { approvalCondition } from './approval.ts';
import { type DefinitionStatus, withCondition } from './definition.ts';
import { namedStatus, type TakenNames } from './names.ts';

/** What the status of a definition should be; the same object when it is. */
export function wantedStatus(definition: CustomResourceDefinition, taken: TakenNames, now: Date): DefinitionStatus {
  const named = namedStatus(definition, taken, now);
  const approval = approvalCondition(definition);
  if (!approval) return named;
  const conditions = withCondition(named.conditions ?? [], approval, now);
  return conditions === named.conditions ? named : { ...named, conditions: [...conditions] };
}
