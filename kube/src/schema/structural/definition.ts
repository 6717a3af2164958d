import type { KubeObject } from '../../objects/index.ts';
import type { Schema } from '../types.ts';

/** A CustomResourceDefinition as `apiextensions.k8s.io/v1` has it, decoded and with its defaults. */
export interface CustomResourceDefinition extends KubeObject {
  spec: {
    group: string;
    scope: 'Namespaced' | 'Cluster';
    names: CustomResourceNames;
    versions: CustomResourceDefinitionVersion[];
    conversion?: {
      strategy: 'None' | 'Webhook';
      webhook?: { conversionReviewVersions: string[]; clientConfig?: Record<string, unknown> };
    };
    preserveUnknownFields?: boolean;
  };
  status?: {
    acceptedNames?: CustomResourceNames;
    storedVersions?: string[];
    conditions?: { type: string; status: string; reason?: string; message?: string; lastTransitionTime?: string }[];
  };
}

export interface CustomResourceNames {
  plural: string;
  singular?: string;
  kind: string;
  listKind?: string;
  shortNames?: string[];
  categories?: string[];
}

export interface CustomResourceDefinitionVersion {
  name: string;
  served: boolean;
  storage: boolean;
  deprecated?: boolean;
  deprecationWarning?: string;
  schema?: { openAPIV3Schema?: Schema };
  subresources?: {
    status?: Record<string, never>;
    scale?: { specReplicasPath: string; statusReplicasPath: string; labelSelectorPath?: string };
  };
  additionalPrinterColumns?: CustomResourceColumn[];
  selectableFields?: { jsonPath: string }[];
}

export interface CustomResourceColumn {
  name: string;
  type: string;
  format?: string;
  description?: string;
  priority?: number;
  jsonPath: string;
}

/** The version by its name. Throws when the definition has none of that name: whoever asks has it from the definition. */
export function versionOf(definition: CustomResourceDefinition, version: string): CustomResourceDefinitionVersion {
  const found = definition.spec.versions.find(({ name }) => name === version);
  if (found === undefined) throw new Error(`${definition.metadata.name} has no version ${version}`);
  return found;
}
