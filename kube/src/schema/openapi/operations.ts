import type { KindDescription, Subresource, Verb } from '../types.ts';

export interface Parameter {
  name: string;
  in: 'query' | 'path';
  type: 'string' | 'integer' | 'boolean';
  required?: true;
}

/** One method of one path, apart from how either version of OpenAPI writes it. */
export interface Operation {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  id: string;
  action: string;
  kind: { group: string; version: string; kind: string };
  parameters: readonly Parameter[];
  /** Definition of the body. */
  body?: string;
  bodyTypes?: readonly string[];
  /** Definition of the answer; a string when there is none. */
  answer?: string;
  statuses: readonly number[];
}

export interface Path {
  path: string;
  parameters: readonly Parameter[];
  operations: Operation[];
}

const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1';
export const optionsDefinition = `${meta}.DeleteOptions`;
export const statusDefinition = `${meta}.Status`;
export const patchDefinition = `${meta}.Patch`;
export const watchEventDefinition = `${meta}.WatchEvent`;
export const resourceListDefinition = `${meta}.APIResourceList`;

const query = (name: string, type: Parameter['type'] = 'string'): Parameter => ({ name, in: 'query', type });
const inPath = (name: string): Parameter => ({ name, in: 'path', type: 'string', required: true });

const listParameters = [
  query('allowWatchBookmarks', 'boolean'),
  query('continue'),
  query('fieldSelector'),
  query('labelSelector'),
  query('limit', 'integer'),
  query('resourceVersion'),
  query('resourceVersionMatch'),
  query('sendInitialEvents', 'boolean'),
  query('timeoutSeconds', 'integer'),
  query('watch', 'boolean'),
];
const deleteParameters = [
  query('dryRun'),
  query('gracePeriodSeconds', 'integer'),
  query('ignoreStoreReadErrorWithClusterBreakingPotential', 'boolean'),
  query('orphanDependents', 'boolean'),
  query('propagationPolicy'),
];
const writeParameters = [query('dryRun'), query('fieldManager'), query('fieldValidation')];
const patchParameters = [...writeParameters, query('force', 'boolean')];
export const patchTypes = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
];

/** `AppsV1`, `CoreV1`, `RbacAuthorizationV1`: how operations are named after their group. */
function groupName({ group, version }: { group: string; version: string }): string {
  const words = group === '' ? ['core'] : group.replace(/\.k8s\.io$/, '').split('.');
  return [...words, version].map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

export function rootOf({ group, version }: { group: string; version: string }): string {
  return group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
}

/** Everything that a kind answers to. */
export function pathsOf(kind: KindDescription): Path[] {
  const root = rootOf(kind);
  const scoped = kind.namespaced ? `${root}/namespaces/{namespace}` : root;
  const scope = kind.namespaced ? [inPath('namespace')] : [];
  const can = (verb: Verb) => kind.verbs.includes(verb);
  const group = groupName(kind);
  const name = `${kind.namespaced ? 'Namespaced' : ''}${kind.kind}`;
  const gvk = { group: kind.group, version: kind.version, kind: kind.kind };
  const list = `${kind.schema}List`;

  const collection: Operation[] = [];
  if (can('list')) {
    collection.push({
      method: 'get',
      id: `list${group}${name}`,
      action: 'list',
      kind: gvk,
      parameters: listParameters,
      answer: list,
      statuses: [200],
    });
  }
  if (can('create')) {
    collection.push({
      method: 'post',
      id: `create${group}${name}`,
      action: 'post',
      kind: gvk,
      parameters: writeParameters,
      body: kind.schema,
      answer: kind.schema,
      statuses: [200, 201, 202],
    });
  }
  if (can('deletecollection')) {
    collection.push({
      method: 'delete',
      id: `delete${group}Collection${name}`,
      action: 'deletecollection',
      kind: gvk,
      parameters: [...listParameters, ...deleteParameters].filter(
        ({ name }) => name !== 'watch' && name !== 'allowWatchBookmarks',
      ),
      body: optionsDefinition,
      answer: statusDefinition,
      statuses: [200],
    });
  }

  const single: Operation[] = [];
  if (can('get'))
    single.push({
      method: 'get',
      id: `read${group}${name}`,
      action: 'get',
      kind: gvk,
      parameters: [],
      answer: kind.schema,
      statuses: [200],
    });
  if (can('update')) {
    single.push({
      method: 'put',
      id: `replace${group}${name}`,
      action: 'put',
      kind: gvk,
      parameters: writeParameters,
      body: kind.schema,
      answer: kind.schema,
      statuses: [200, 201],
    });
  }
  if (can('patch')) {
    single.push({
      method: 'patch',
      id: `patch${group}${name}`,
      action: 'patch',
      kind: gvk,
      parameters: patchParameters,
      body: patchDefinition,
      bodyTypes: patchTypes,
      answer: kind.schema,
      statuses: [200, 201],
    });
  }
  if (can('delete')) {
    single.push({
      method: 'delete',
      id: `delete${group}${name}`,
      action: 'delete',
      kind: gvk,
      parameters: deleteParameters,
      body: optionsDefinition,
      answer: statusDefinition,
      statuses: [200, 202],
    });
  }

  const named = [inPath('name'), ...scope, query('pretty')];
  const paths: Path[] = [
    { path: `${scoped}/${kind.resource}`, parameters: [...scope, query('pretty')], operations: collection },
    { path: `${scoped}/${kind.resource}/{name}`, parameters: named, operations: single },
    ...kind.subresources.map((subresource) => ({
      path: `${scoped}/${kind.resource}/{name}/${subresource.name}`,
      parameters: named,
      operations: subresourceOperations(kind, subresource, `${group}${name}`),
    })),
  ];
  if (kind.namespaced && can('list')) {
    const everywhere: Operation = {
      method: 'get',
      id: `list${group}${kind.kind}ForAllNamespaces`,
      action: 'list',
      kind: gvk,
      parameters: listParameters,
      answer: list,
      statuses: [200],
    };
    paths.push({ path: `${root}/${kind.resource}`, parameters: [query('pretty')], operations: [everywhere] });
  }
  if (can('watch')) {
    const watch = (id: string, action: string): Operation => ({
      method: 'get',
      id,
      action,
      kind: gvk,
      parameters: listParameters,
      answer: watchEventDefinition,
      statuses: [200],
    });
    const watched = scoped.replace(root, `${root}/watch`);
    paths.push({
      path: `${watched}/${kind.resource}`,
      parameters: scope,
      operations: [watch(`watch${group}${name}List`, 'watchlist')],
    });
    paths.push({
      path: `${watched}/${kind.resource}/{name}`,
      parameters: [inPath('name'), ...scope],
      operations: [watch(`watch${group}${name}`, 'watch')],
    });
  }
  return paths.filter((path) => path.operations.length > 0);
}

const methods = { get: 'get', create: 'post', update: 'put', patch: 'patch', delete: 'delete' } as const;
const prefixes = { get: 'read', create: 'create', update: 'replace', patch: 'patch', delete: 'delete' } as const;

function subresourceOperations(kind: KindDescription, subresource: Subresource, name: string): Operation[] {
  const own = { group: kind.group, version: kind.version, kind: kind.kind };
  const gvk = subresource.kind ?? own;
  const title = subresource.name.charAt(0).toUpperCase() + subresource.name.slice(1);
  const definition = subresource.kind === undefined ? kind.schema : definitionOf(subresource.kind);
  return subresource.verbs.map((verb) => {
    const id = `${subresource.connect ? `connect${verb.charAt(0).toUpperCase()}${verb.slice(1)}` : prefixes[verb]}${name}${title}`;
    const base = { method: methods[verb], id, kind: gvk };
    if (subresource.connect) return { ...base, action: 'connect', parameters: [], statuses: [200] };
    if (subresource.name === 'log') return { ...base, action: 'get', parameters: logParameters, statuses: [200] };
    switch (verb) {
      case 'create':
        return {
          ...base,
          action: 'post',
          parameters: writeParameters,
          body: definition,
          answer: definition,
          statuses: [200, 201, 202],
        };
      case 'update':
        return {
          ...base,
          action: 'put',
          parameters: writeParameters,
          body: definition,
          answer: definition,
          statuses: [200, 201],
        };
      case 'patch':
        return {
          ...base,
          action: 'patch',
          parameters: patchParameters,
          body: patchDefinition,
          bodyTypes: patchTypes,
          answer: definition,
          statuses: [200, 201],
        };
      default:
        return { ...base, action: verb, parameters: [], answer: definition, statuses: [200] };
    }
  });
}

const logParameters = [
  query('container'),
  query('follow', 'boolean'),
  query('insecureSkipTLSVerifyBackend', 'boolean'),
  query('limitBytes', 'integer'),
  query('previous', 'boolean'),
  query('sinceSeconds', 'integer'),
  query('stream'),
  query('tailLines', 'integer'),
  query('timestamps', 'boolean'),
];

/** Definitions of the bodies of subresources; all of them are in groups named by their first label. */
function definitionOf({ group, version, kind }: { group: string; version: string; kind: string }): string {
  return `io.k8s.api.${group === '' ? 'core' : group.split('.')[0]}.${version}.${kind}`;
}
