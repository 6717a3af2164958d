import { describe, expect, it } from 'vitest';
import {
  builtInDefinitions,
  type KindDescription,
  kinds,
  modelDescriptions,
  openApiV2,
  openApiV3,
  openApiV3Paths,
} from '../index.ts';

type Json = Record<string, unknown>;
type Operations = Record<
  string,
  Record<
    string,
    {
      parameters: { name: string }[];
      'x-kubernetes-group-version-kind': Json;
      'x-kubernetes-action': string;
      operationId: string;
    }
  >
>;

const versions = [...new Map(kinds.map((kind) => [`${kind.group}/${kind.version}`, kind])).values()];

function references(document: unknown, found = new Set<string>()): Set<string> {
  if (Array.isArray(document)) for (const item of document) references(item, found);
  else if (typeof document === 'object' && document !== null) {
    for (const [key, value] of Object.entries(document)) {
      if (key === '$ref' && typeof value === 'string') found.add(value);
      else references(value, found);
    }
  }
  return found;
}

describe('OpenAPI v3', () => {
  it('is complete in itself for every group version', () => {
    expect(openApiV3Paths()).toHaveLength(versions.length);
    for (const version of versions) {
      const document = openApiV3(version);
      for (const reference of references(document)) {
        expect(Object.keys(document.components.schemas), reference).toContain(
          reference.replace('#/components/schemas/', ''),
        );
      }
    }
  });

  it('names every operation once', () => {
    for (const version of versions) {
      const paths = openApiV3(version).paths as Operations;
      const ids = Object.values(paths)
        .flatMap((path) => Object.values(path).map((operation) => operation.operationId))
        .filter(Boolean);
      expect(new Set(ids).size).toBe(ids.length);
    }
  });

  it('says of every kind that writes may be validated strictly and tried dry', () => {
    for (const kind of kinds.filter(({ verbs }) => verbs.includes('patch'))) {
      const paths = openApiV3(kind).paths as Operations;
      const operations = Object.values(paths).flatMap((path) => Object.entries(path));
      const patch = operations.find(
        ([method, operation]) => method === 'patch' && operation['x-kubernetes-group-version-kind'].kind === kind.kind,
      );
      const names = patch?.[1].parameters.map(({ name }) => name);
      expect(names, kind.kind).toEqual(expect.arrayContaining(['dryRun', 'fieldManager', 'fieldValidation', 'force']));
    }
  });

  it('has nothing empty, which a client would lose on its way', () => {
    for (const { group, version } of kinds) {
      const documents = JSON.stringify([openApiV3({ group, version }), openApiV2()]);
      expect(documents).not.toContain('"parameters":[]');
      expect(documents).not.toContain('"properties":{}');
    }
  });

  it('describes a deployment as kubectl needs it', () => {
    const document = openApiV3({ group: 'apps', version: 'v1' });
    const paths = document.paths as Operations;
    expect(Object.keys(paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}'] ?? {})).toEqual([
      'parameters',
      'get',
      'put',
      'patch',
      'delete',
    ]);
    expect(paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale']?.get).toMatchObject({
      'x-kubernetes-group-version-kind': { group: 'autoscaling', version: 'v1', kind: 'Scale' },
    });
    const schemas = document.components.schemas as Record<string, Json>;
    expect(schemas['io.k8s.api.apps.v1.Deployment']).toMatchObject({
      'x-kubernetes-group-version-kind': [{ group: 'apps', kind: 'Deployment', version: 'v1' }],
    });
    expect(schemas['io.k8s.api.core.v1.PodSpec']).toMatchObject({
      properties: { containers: { 'x-kubernetes-patch-merge-key': 'name', 'x-kubernetes-patch-strategy': 'merge' } },
    });
    expect(schemas['io.k8s.api.apps.v1.DeploymentSpec']).toMatchObject({
      properties: {
        strategy: {
          'x-kubernetes-patch-strategy': 'retainKeys',
          allOf: [{ $ref: '#/components/schemas/io.k8s.api.apps.v1.DeploymentStrategy' }],
        },
      },
    });
  });

  it('carries texts for explaining', () => {
    const source = { kinds, definitions: builtInDefinitions(), describe: modelDescriptions() };
    const schemas = openApiV3({ group: 'apps', version: 'v1' }, source).components.schemas as Record<string, Json>;
    expect(schemas['io.k8s.api.apps.v1.DeploymentSpec']).toMatchObject({
      description: expect.stringContaining('DeploymentSpec'),
      properties: { replicas: { description: expect.stringContaining('Defaults to 1') } },
    });
    expect(schemas['io.k8s.api.apps.v1.Deployment']).toMatchObject({
      properties: {
        apiVersion: { description: expect.stringContaining('APIVersion defines') },
        kind: { description: expect.stringContaining('Kind is a string') },
      },
    });
    const silent = Object.entries(schemas).filter(([, schema]) => schema.description === undefined);
    expect(silent.length).toBeLessThan(5);
  });

  it('follows kinds that are not built in', () => {
    const boat: KindDescription = {
      group: 'example.com',
      version: 'v1',
      resource: 'boats',
      kind: 'Boat',
      listKind: 'BoatList',
      singular: 'boat',
      shortNames: [],
      categories: [],
      namespaced: true,
      verbs: ['get', 'list', 'patch'],
      subresources: [],
      schema: 'com.example.v1.Boat',
      hasStatus: false,
      fieldSelectors: {},
      columns: [],
      naming: 'dns-subdomain',
    };
    const definitions = {
      ...builtInDefinitions(),
      'com.example.v1.Boat': { type: 'object' as const, properties: { spec: { type: 'object' as const } } },
      'com.example.v1.BoatList': { type: 'object' as const },
    };
    const document = openApiV3(boat, { kinds: [boat], definitions });
    expect(Object.keys(document.paths)).toContain('/apis/example.com/v1/namespaces/{namespace}/boats/{name}');
    expect(document.components.schemas['com.example.v1.Boat']).toMatchObject({
      'x-kubernetes-group-version-kind': [{ group: 'example.com', kind: 'Boat', version: 'v1' }],
    });
  });
});

describe('OpenAPI v2', () => {
  it('is complete in itself', () => {
    const document = openApiV2();
    for (const reference of references(document)) {
      expect(Object.keys(document.definitions), reference).toContain(reference.replace('#/definitions/', ''));
    }
    expect(Object.keys(document.paths)).toContain('/api/v1/namespaces/{namespace}/pods/{name}/exec');
  });
});
