import { BerthError } from '@berth/kube/errors';
import type { CustomResourceDefinition } from '@berth/kube/schema';
import type { AdmissionPlugin, AdmissionRequest } from '../admission/admission.ts';
import { asDefinition, type DefinitionStatus, definitions, storageVersionOf } from './definition.ts';
import { formatWarnings } from './formats.ts';

/**
 * Makes no objects of a definition that is being deleted, and keeps with each definition the status that follows from
 * it, with its names claimed: who is answered, or finds the kind served, need not wait for a second write.
 */
export function customResourceAdmission(
  claim: (definition: CustomResourceDefinition) => { status: DefinitionStatus; release(): void },
): AdmissionPlugin {
  return {
    name: 'CustomResourceDefinitions',
    complete(request) {
      const { call } = request;
      if (request.operation === 'CREATE' && call.kind.isTerminating && request.subresource === '') {
        const message = 'create not allowed while custom resource definition is terminating';
        throw new BerthError('MethodNotAllowed', message);
      }
      if (!writesDefinition(request)) return;
      const old = request.old && asDefinition(request.old);
      call.warnings.push(...formatWarnings(asDefinition(request.object), old));
    },
    derive(request) {
      if (!writesDefinition(request)) return;
      const definition = asDefinition(request.object);
      const { spec, metadata } = definition;
      // One that goes claims nothing any more. What has no names is refused by validation, which comes next.
      if (metadata.deletionTimestamp !== undefined) return;
      if (!spec?.group || !spec.names?.plural || !spec.names.kind) return;
      const { status, release } = claim(definition);
      request.settled.push(release);
      request.object = { ...definition, status: withStoredVersion(definition, status) };
    },
  };
}

function writesDefinition({ call, operation, subresource }: AdmissionRequest): boolean {
  const { group, resource } = call.kind.description;
  if (group !== definitions.group || resource !== definitions.resource) return false;
  return operation !== 'DELETE' && subresource === '';
}

/** Records which versions objects may be kept in. */
function withStoredVersion(definition: CustomResourceDefinition, status: DefinitionStatus): DefinitionStatus {
  const version = storageVersionOf(definition);
  const { storedVersions = [] } = status;
  if (version === '' || storedVersions.includes(version)) return status;
  return { ...status, storedVersions: [...storedVersions, version] };
}
