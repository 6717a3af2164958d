import { apiVersionOf, type ResourceRef } from '../../objects/index.ts';
import type { KindDescription } from '../types.ts';
import { kinds } from './index.ts';

const byResource = new Map(kinds.map((kind) => [`${apiVersionOf(kind)}/${kind.resource}`, kind]));
const byKind = new Map(kinds.map((kind) => [`${apiVersionOf(kind)}/${kind.kind}`, kind]));

/** The built-in kind behind a resource (`{ group: 'apps', version: 'v1', resource: 'deployments' }`). */
export function kindFor(ref: ResourceRef): KindDescription | undefined {
  return byResource.get(`${apiVersionOf(ref)}/${ref.resource}`);
}

/** The built-in kind of an object by its own words: `kindForObject('apps/v1', 'Deployment')`. */
export function kindForObject(apiVersion: string, kind: string): KindDescription | undefined {
  return byKind.get(`${apiVersion}/${kind}`);
}
