import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { isBerthError } from '@berth/kube/errors';
import type { KubeObject } from '@berth/kube/objects';
import { expect, test } from 'vitest';
import type { Authorizer } from '../../authorization/authorizer.ts';
import { objectKey, resourcePrefix } from '../../storage/keys.ts';
import { StoredObject } from '../../storage/stored-object.ts';
import type { AdmissionRequest } from '../admission.ts';
import { nodeRestriction } from './index.ts';

interface Write {
  user: string;
  groups?: string[];
  operation: AdmissionRequest['operation'];
  group: string;
  resource: string;
  subresource?: string;
  namespace?: string;
  name?: string;
  object?: KubeObject;
  old?: KubeObject;
  reason?: string;
  message?: string;
}

const clusters: { objects: KubeObject[]; writes: Write[] }[] = JSON.parse(
  gunzipSync(await readFile(new URL('./golden/writes.json.gz', import.meta.url))).toString(),
);
const count = clusters.reduce((sum, { writes }) => sum + writes.length, 0);

/** The generator gives every node this audience for one account. */
const authorizer: Authorizer = {
  authorize: (_user, asked) => ({
    allowed:
      asked.verb === 'request-serviceaccounts-token-audience' &&
      'resource' in asked &&
      asked.resource === 'granted' &&
      asked.name === 'sa0',
    reason: '',
  }),
};

function keyOf({ apiVersion, kind, metadata: { namespace, name } }: KubeObject): string {
  const [group = '', version] = apiVersion.split('/');
  return objectKey(resourcePrefix(version ? group : '', `${kind.toLowerCase()}s`), namespace, name);
}

test(`${count} writes of nodes are admitted or refused as by kube-apiserver`, async () => {
  for (const [index, { objects, writes }] of clusters.entries()) {
    const stored = new Map(
      objects.map((object) => [keyOf(object), new StoredObject(keyOf(object), Buffer.from(JSON.stringify(object)), 1)]),
    );
    const plugin = nodeRestriction({ get: (key) => stored.get(key) }, authorizer);
    for (const [at, write] of writes.entries()) {
      const { reason, message } = write;
      const wanted = reason === undefined ? 'admitted' : { reason, message };
      expect(await judged(plugin, write), `cluster ${index}, write ${at}: ${JSON.stringify(write)}`).toEqual(wanted);
    }
  }
});

async function judged(plugin: ReturnType<typeof nodeRestriction>, write: Write) {
  const { user, groups = [], operation, group, resource, subresource = '', namespace = '', name = '' } = write;
  const { object = write.old, old } = write;
  const call = { user: { name: user, groups }, kind: { description: { group, resource } } };
  const request = { operation, call, subresource, namespace, name, object, old } as unknown as AdmissionRequest;
  try {
    await plugin.admit(request);
    return 'admitted';
  } catch (error) {
    if (!isBerthError(error)) throw error;
    // Which fields differ Go shows in its own way.
    return { reason: error.code, message: error.message.replace(/(status\.conditions): .*/, '$1') };
  }
}
