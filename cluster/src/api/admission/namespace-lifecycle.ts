import { BerthError } from '@berth/kube/errors';
import { forbidden, notFound } from '../faults.ts';
import { objectKey, resourcePrefix } from '../storage/keys.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { AdmissionPlugin } from './admission.ts';
import { isQuestion } from './matching/matcher.ts';

const immortal = new Set(['default', 'kube-system', 'kube-public']);
const prefix = resourcePrefix('', 'namespaces');

/** Nothing is created in a namespace that is absent or on its way out; three namespaces always stay. */
export function namespaceLifecycle(storage: ObjectStorage): AdmissionPlugin {
  return {
    name: 'NamespaceLifecycle',
    admit(request) {
      const { description } = request.call.kind;
      if (request.operation === 'DELETE' && description.group === '' && description.resource === 'namespaces') {
        if (immortal.has(request.name)) throw forbidden(description, request.name, 'this namespace may not be deleted');
        return;
      }
      if (request.operation !== 'CREATE' || !description.namespaced || isQuestion(request)) return;
      const { namespace } = request;
      const found = storage.get(objectKey(prefix, undefined, namespace));
      if (!found) throw notFound({ group: '', resource: 'namespaces' }, namespace);
      if (found.object.metadata.deletionTimestamp === undefined) return;
      const message = `unable to create new content in namespace ${namespace} because it is being terminated`;
      const causes = [
        {
          reason: 'NamespaceTerminating',
          message: `namespace ${namespace} is being terminated`,
          field: 'metadata.namespace',
        },
      ];
      const refusal = forbidden(description, request.name, message);
      throw new BerthError('Forbidden', refusal.message, { details: { ...refusal.details, causes } });
    },
  };
}
