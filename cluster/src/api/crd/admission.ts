import { BerthError } from '@berth/kube/errors';
import type { AdmissionPlugin } from '../admission/admission.ts';
import { asDefinition, storageVersionOf } from './definition.ts';
import { formatWarnings } from './formats.ts';

/** Records which versions objects may be kept in, and makes no objects of a definition that is being deleted. */
export const customResourceAdmission: AdmissionPlugin = {
  name: 'CustomResourceDefinitions',
  complete(request) {
    const { call } = request;
    const { kind } = call;
    if (request.operation === 'CREATE' && kind.isTerminating && request.subresource === '') {
      const message = 'create not allowed while custom resource definition is terminating';
      throw new BerthError('MethodNotAllowed', message);
    }
    const { group, resource } = kind.description;
    if (group !== 'apiextensions.k8s.io' || resource !== 'customresourcedefinitions') return;
    if (request.operation === 'DELETE' || request.subresource !== '') return;
    const definition = asDefinition(request.object);
    call.warnings.push(...formatWarnings(definition, request.old && asDefinition(request.old)));
    if (request.operation !== 'UPDATE') return;
    const storageVersion = storageVersionOf(definition);
    const { acceptedNames = { kind: '', plural: '' }, conditions = [], storedVersions = [] } = definition.status ?? {};
    if (storageVersion === '' || storedVersions.includes(storageVersion)) return;
    const status = { acceptedNames, conditions, storedVersions: [...storedVersions, storageVersion] };
    request.object = { ...definition, status };
  },
};
