import { amountsOf, evaluatorOf, type ResourceQuota, sum, type Write, written } from '../../../quota/index.ts';
import { objectKey } from '../../storage/keys.ts';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import { isQuestion } from '../matching/matcher.ts';
import { quotaPrefix } from './accounts.ts';
import { Charges } from './charges.ts';
import { Treasury } from './treasury.ts';

/**
 * Lets nothing be made that would use more than a ResourceQuota of its namespace allows, and raises what is used of the quota before
 * it is made, so that no two pass for the room of one. Asked last: what it reserves is for what all others let pass.
 */
export function resourceQuota(storage: ObjectStorage, now: () => Date): AdmissionPlugin {
  const charges = new Charges(storage);
  const treasury = new Treasury(storage, charges, now);
  return {
    name: 'ResourceQuota',
    /** Whoever counted could not see what is being made at this moment. */
    derive(request) {
      const { call, operation, subresource } = request;
      const { group, resource } = call.kind.description;
      if (group !== '' || resource !== 'resourcequotas' || operation !== 'UPDATE' || subresource !== 'status') return;
      const { status } = request.object as ResourceQuota;
      const coming = charges.comingFor(objectKey(quotaPrefix, request.namespace, request.name));
      if (!status?.used || !coming) return;
      const used = amountsOf(status.used);
      const more = Object.entries(coming).filter(([name]) => name in used);
      request.object.status = { ...status, used: written(sum(used, Object.fromEntries(more))) };
    },
    check(request) {
      const write = writeOf(request);
      if (!write || isIgnored(request) || !treasury.watchesOver(request.namespace) || charges.has(request)) return;
      const evaluator = evaluatorOf(request.call.kind.description);
      if (!evaluator?.isConcerned(write)) return;
      return treasury.charge(request, evaluator, write);
    },
  };
}

function writeOf({ operation, subresource, object, old }: AdmissionRequest): Write | undefined {
  if (operation !== 'CREATE' && operation !== 'UPDATE') return undefined;
  return { operation, subresource, object, old };
}

/** What is never stored, and namespaces, which stand in none though their requests name themselves. */
function isIgnored(request: AdmissionRequest): boolean {
  const { group, resource, namespaced } = request.call.kind.description;
  return !namespaced || isQuestion(request) || (group === '' && resource === 'bindings');
}
