import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import type { KubeObject } from '@berth/kube/objects';
import type { Rule } from '@berth/kube/rbac';
import { parseFieldSelector } from '@berth/kube/selectors';
import { expect, test } from 'vitest';
import { memoryStore } from '../../../store/index.ts';
import { objectKey, resourcePrefix } from '../../storage/keys.ts';
import { ObjectStorage } from '../../storage/object-storage.ts';
import { encode } from '../../storage/stored-object.ts';
import { NodeAuthorizer, nodeRules } from './index.ts';

type Question = [
  ...[user: string, groups: string[] | null, verb: string, group: string, resource: string, subresource: string],
  ...[namespace: string, name: string, fieldSelector: string, allowed: boolean, reason: string],
];

interface Step {
  before?: KubeObject;
  after?: KubeObject;
  questions: Question[];
}

const golden: { rules: Rule[]; clusters: Step[][] } = JSON.parse(
  gunzipSync(await readFile(new URL('./golden/questions.json.gz', import.meta.url))).toString(),
);
const count = golden.clusters.flat().reduce((sum, { questions }) => sum + questions.length, 0);

const resources: Record<string, [group: string, resource: string]> = {
  Pod: ['', 'pods'],
  PersistentVolume: ['', 'persistentvolumes'],
  VolumeAttachment: ['storage.k8s.io', 'volumeattachments'],
  ResourceSlice: ['resource.k8s.io', 'resourceslices'],
};

function keyOf({ kind, metadata: { namespace, name } }: KubeObject): string {
  const [group, resource] = resources[kind] ?? ['', ''];
  return objectKey(resourcePrefix(group, resource), namespace, name);
}

test(`${count} questions of nodes in changing clusters get the answers of kube-apiserver`, async () => {
  for (const [index, steps] of golden.clusters.entries()) {
    const store = memoryStore();
    const storage = new ObjectStorage(store);
    storage.follow((error) => expect.fail(String(error)));
    const authorizers = [new NodeAuthorizer(storage)];
    for (const [at, { before, after, questions }] of steps.entries()) {
      const [object] = [after, before].filter((one) => one !== undefined);
      if (!object) throw new Error('nothing changes');
      const key = keyOf(object);
      const value = (revision: number) => encode(object, revision);
      await storage.commit([after ? { type: 'put', key, value } : { type: 'delete', key }]);
      // Who comes late knows the same.
      if (at === steps.length >> 1) authorizers.push(new NodeAuthorizer(storage));
      const answers = authorizers.map((authorizer) => questions.map((question) => ask(authorizer, question)));
      const wanted = questions.map(({ 9: allowed, 10: reason }) => ({ allowed, reason }));
      for (const given of answers) expect(given, `cluster ${index}, step ${at}`).toEqual(wanted);
    }
    await storage.close();
    await store.close();
  }
});

function ask(authorizer: NodeAuthorizer, question: Question) {
  const [name, groups, verb, group, resource, subresource, namespace, named, selector] = question;
  const fieldSelector = parseFieldSelector(selector);
  const about = { verb, group, version: 'v1', resource, subresource, namespace, name: named, fieldSelector };
  return authorizer.authorize({ name, groups: groups ?? [] }, about);
}

test('the rules that hold for every node are those of kube-apiserver', () => {
  expect(singles(nodeRules)).toEqual(singles(golden.rules));
});

function singles(rules: readonly Rule[]): string[] {
  const all = rules.flatMap(({ verbs, apiGroups = [], resources: those = [] }) =>
    apiGroups.flatMap((group) => those.flatMap((resource) => verbs.map((verb) => `${verb} ${group}/${resource}`))),
  );
  return [...new Set(all)].sort();
}
