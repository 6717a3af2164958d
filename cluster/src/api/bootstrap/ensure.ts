import type { KubeClient } from '@berth/kube/client';
import { isBerthError } from '@berth/kube/errors';
import { apiVersionOf, type KubeObject, type Resource } from '@berth/kube/objects';

/** An object as it is before it is said in which version. */
export type Unversioned = Pick<KubeObject, 'metadata'> & Readonly<Record<string, unknown>>;

/** Makes the object unless one of its name is there; answers the one that was. */
export async function ensure(
  client: KubeClient,
  resource: Resource,
  object: Unversioned,
  fieldManager?: string,
): Promise<KubeObject | undefined> {
  try {
    return await client.get(resource, object.metadata);
  } catch (error) {
    if (!isBerthError(error, 'NotFound')) throw error;
    const whole = { apiVersion: apiVersionOf(resource), kind: resource.kind, ...object } as KubeObject;
    await client.create(resource, whole, fieldManager === undefined ? {} : { fieldManager });
    return undefined;
  }
}
