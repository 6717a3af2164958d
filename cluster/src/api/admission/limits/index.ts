import type { PersistentVolumeClaim, Pod } from '@berth/kube/objects';
import { forbidden } from '../../faults.ts';
import { resourcePrefix } from '../../storage/keys.ts';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import { claimViolations, completeByLimits, type LimitRange, podViolations } from './limits.ts';

const prefix = resourcePrefix('', 'limitranges');

/** Keeps pods and claims within the LimitRanges of their namespace, and gives containers the defaults of these. */
export function limitRanger(storage: ObjectStorage): AdmissionPlugin {
  const ranges = ({ namespace }: AdmissionRequest) =>
    storage.list(`${prefix}${namespace}/`).map(({ object }) => object as LimitRange);
  return {
    name: 'LimitRanger',
    resources: ['/pods', '/persistentvolumeclaims'],
    admit(request) {
      if (!concerns(request) || !isPod(request)) return;
      for (const range of ranges(request)) completeByLimits(range, request.object as Pod);
    },
    check(request) {
      if (!concerns(request)) return;
      for (const range of ranges(request)) {
        const found = isPod(request)
          ? podViolations(range, request.object as Pod)
          : claimViolations(range, request.object as PersistentVolumeClaim);
        const texts = [...new Set(found)];
        if (texts.length === 0) continue;
        const why = texts.length === 1 ? texts.join() : `[${texts.join(', ')}]`;
        throw forbidden(request.call.kind.description, request.name, why);
      }
    },
  };
}

const isPod = ({ call }: AdmissionRequest) => call.kind.description.resource === 'pods';

/** A pod when it is made and when it is resized, a claim whenever it is written; nothing that is on its way out. */
function concerns(request: AdmissionRequest): boolean {
  const { operation, subresource, old } = request;
  if (old?.metadata.deletionTimestamp !== undefined) return false;
  if (operation === 'CREATE') return subresource === '';
  return operation === 'UPDATE' && subresource === (isPod(request) ? 'resize' : '');
}
