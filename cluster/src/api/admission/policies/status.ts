import type { KubeClient } from '@berth/kube/client';
import { isBerthError } from '@berth/kube/errors';
import type { Resource } from '@berth/kube/objects';
import type { Logger } from 'pino';
import type { KindRegistry } from '../../kinds.ts';
import { resourcePrefix } from '../../storage/keys.ts';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import type { StoredObject } from '../../storage/stored-object.ts';
import { expressionWarnings } from './type-checking.ts';
import type { Specified, ValidatingPolicySpec } from './types.ts';

const policies: Resource = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  resource: 'validatingadmissionpolicies',
  kind: 'ValidatingAdmissionPolicy',
  namespaced: false,
};

/** Writes into each ValidatingAdmissionPolicy's status what its types say about it; answers how to stop. */
export function startTypeChecking(parts: {
  storage: ObjectStorage;
  kinds: KindRegistry;
  client: KubeClient;
  logger: Logger;
}): () => void {
  const { storage, kinds, client, logger } = parts;
  const prefix = resourcePrefix(policies.group, policies.resource);
  const check = async ({ object }: StoredObject): Promise<void> => {
    const { metadata, spec, status } = object as Specified<ValidatingPolicySpec> & {
      status?: { observedGeneration?: number };
    };
    const { name, generation = 0 } = metadata;
    if (generation <= (status?.observedGeneration ?? 0)) return;
    const warnings = expressionWarnings(kinds, spec);
    const typeChecking = { expressionWarnings: warnings.length > 0 ? warnings : null };
    const body = { status: { observedGeneration: generation, typeChecking } };
    try {
      await client.patch(policies, { name }, { type: 'merge', body }, { subresource: 'status' });
    } catch (error) {
      // It is gone, or somebody else's problem; either way it is checked again when it changes.
      if (!isBerthError(error, 'NotFound')) logger.warn({ err: error, policy: name }, 'a policy’s status is not kept');
    }
  };
  const stop = storage.listen(prefix, (event) => {
    if (event.type === 'put') void check(event.object);
  });
  for (const stored of storage.list(prefix)) void check(stored);
  return stop;
}
