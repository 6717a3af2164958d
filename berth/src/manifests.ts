import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KubeClient } from '@berth/kube/client';
import { BerthError, isBerthError } from '@berth/kube/errors';
import type { KubeObject, Resource } from '@berth/kube/objects';
import { kindForObject } from '@berth/kube/schema';
import { parseAllDocuments } from 'yaml';

/** Every object in a folder's YAML files, by the files' names and the documents' order. */
export function readManifests(folder: string): KubeObject[] {
  const files = readdirSync(folder)
    .filter((name) => /\.ya?ml$/.test(name))
    .sort();
  return files.flatMap((name) => {
    const documents = parseAllDocuments(readFileSync(join(folder, name), 'utf8'));
    return [...documents].flatMap((document) => {
      if (document.errors[0]) throw new BerthError('BadRequest', `${name}: ${document.errors[0].message}`);
      const object = document.toJS() as KubeObject | null;
      return object === null ? [] : [object];
    });
  });
}

/** Creates what is not there yet and leaves alone what is: a user's own changes stay. Answers how many were created. */
export async function createAbsent(client: KubeClient, objects: readonly KubeObject[]): Promise<number> {
  let created = 0;
  for (const object of objects) {
    try {
      await client.create(resourceOf(object), object, { fieldManager: 'berth-sample' });
      created += 1;
    } catch (error) {
      if (!isBerthError(error, 'AlreadyExists')) throw error;
    }
  }
  return created;
}

function resourceOf(object: KubeObject): Resource {
  const kind = kindForObject(object.apiVersion, object.kind);
  if (!kind) throw new BerthError('NotFound', `no matches for kind "${object.kind}" in version "${object.apiVersion}"`);
  return kind;
}
