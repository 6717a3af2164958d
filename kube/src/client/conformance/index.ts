import { afterAll, beforeAll, describe } from 'vitest';
import { applying } from './applying.ts';
import { creating } from './creating.ts';
import { deleting } from './deleting.ts';
import { listing } from './listing.ts';
import { patching } from './patching.ts';
import { subresources } from './subresources.ts';
import { type ClientUnderTest, objectsIn, type Suite } from './suite.ts';
import { updating } from './updating.ts';
import { watching } from './watching.ts';

export type { ClientUnderTest } from './suite.ts';

/**
 * What every `KubeClient` promises, as tests. Call it in a test file with a factory of a client to a server of the
 * Kubernetes API with the built-in kinds, where no controller and no node acts on the namespace.
 * `skip` names parts of the protocol that the server lacks, each with its reason, which shows in the test's name.
 */
export function clientConformance(
  name: string,
  factory: () => Promise<ClientUnderTest>,
  skip: { [part in 'apply']?: string } = {},
): void {
  describe(`KubeClient conformance: ${name}`, () => {
    let current: ClientUnderTest | undefined;
    beforeAll(async () => {
      current = await factory();
    });
    afterAll(() => current?.close?.());
    const underTest = (): ClientUnderTest => {
      if (!current) throw new Error('the factory has not run yet');
      return current;
    };
    const suite: Suite = { underTest, objects: objectsIn(() => underTest().namespace) };

    creating(suite);
    updating(suite);
    patching(suite);
    listing(suite);
    watching(suite);
    applying(suite, skip.apply);
    deleting(suite);
    subresources(suite);
  });
}
