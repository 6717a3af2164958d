import { builtInDefinitions } from '../catalogue.ts';
import { kinds as builtInKinds } from '../kinds/index.ts';
import type { KindDescription, Schema } from '../types.ts';
import { component, type Describe, kindsOfDefinitions, reachable } from './components.ts';
import { customComponent, withoutStrategicMerge } from './custom.ts';
import { type Operation, type Parameter, type Path, pathsOf, resourceListDefinition, rootOf } from './operations.ts';

/** What documents are built from; without it, the built-in kinds. */
export interface OpenApiSource {
  kinds: readonly KindDescription[];
  definitions: Readonly<Record<string, Schema>>;
  /** The names of those definitions that custom kinds bring, which are published as they are written. */
  custom?: ReadonlySet<string>;
  /** Texts for `kubectl explain`. */
  describe?: Describe;
  /** The version in `info`: `v1.35.0`. */
  version?: string;
}

type Json = Record<string, unknown>;

export interface OpenApiV3 extends Json {
  openapi: '3.0.0';
  paths: Json;
  components: { schemas: Json; securitySchemes: Json };
}

export interface OpenApiV2 extends Json {
  swagger: '2.0';
  paths: Json;
  definitions: Json;
}

function builtIn(): OpenApiSource {
  return { kinds: builtInKinds, definitions: builtInDefinitions() };
}

function info(source: OpenApiSource): Json {
  return { title: 'Kubernetes', version: source.version ?? 'v1.35.0' };
}

/** The group versions that have a document, as the index of `/openapi/v3` names them: `api/v1`, `apis/apps/v1`. */
export function openApiV3Paths(kinds: readonly KindDescription[] = builtInKinds): string[] {
  return [...new Set(kinds.map((kind) => rootOf(kind).slice(1)))].sort();
}

/**
 * The OpenAPI v3 document of one group version: what it answers to, with the parameters that kubectl looks for, and
 * the schemas that it needs. Costs tens of milliseconds: keep the result for as long as the kinds stay the same.
 */
export function openApiV3(
  groupVersion: { group: string; version: string },
  source: OpenApiSource = builtIn(),
): OpenApiV3 {
  const own = source.kinds.filter((kind) => kind.group === groupVersion.group && kind.version === groupVersion.version);
  const paths: Json = {};
  const used = new Set<string>([resourceListDefinition]);
  for (const path of own.flatMap((kind) => servedPaths(source, kind))) paths[path.path] = pathV3(path, used);
  for (const kind of own) used.add(kind.schema);
  paths[`${rootOf(groupVersion)}/`] = resourceListPath('3');
  return {
    openapi: '3.0.0',
    info: info(source),
    paths,
    components: {
      schemas: schemasOf(source, reachable(source.definitions, used), '#/components/schemas/', 3),
      securitySchemes: { BearerToken: { type: 'apiKey', name: 'authorization', in: 'header' } },
    },
  };
}

/** The OpenAPI v2 document of everything. */
export function openApiV2(source: OpenApiSource = builtIn()): OpenApiV2 {
  const paths: Json = {};
  const used = new Set<string>([resourceListDefinition]);
  for (const path of source.kinds.flatMap((kind) => servedPaths(source, kind))) paths[path.path] = pathV2(path, used);
  for (const kind of source.kinds) {
    used.add(kind.schema);
    paths[`${rootOf(kind)}/`] ??= resourceListPath('2');
  }
  return {
    swagger: '2.0',
    info: info(source),
    paths,
    definitions: schemasOf(source, reachable(source.definitions, used), '#/definitions/', 2),
    securityDefinitions: { BearerToken: { type: 'apiKey', name: 'authorization', in: 'header' } },
    security: [{ BearerToken: [] }],
  };
}

function servedPaths({ custom }: OpenApiSource, kind: KindDescription): Path[] {
  const paths = pathsOf(kind);
  return custom?.has(kind.schema) ? paths.map(withoutStrategicMerge) : paths;
}

function schemasOf(source: OpenApiSource, definitions: Map<string, Schema>, prefix: string, version: 2 | 3): Json {
  const gvks = kindsOfDefinitions(source.kinds);
  const schemas: Json = {};
  for (const [name, schema] of definitions) {
    const gvk = gvks.get(name);
    schemas[name] = source.custom?.has(name)
      ? { ...customComponent(schema, { prefix, version }), 'x-kubernetes-group-version-kind': gvk }
      : component(name, schema, { prefix, version, gvks: gvk, describe: source.describe });
  }
  return schemas;
}

const answerTypes = ['application/json', 'application/yaml'];

function tagOf({ kind }: Operation): string {
  const group = kind.group === '' ? 'core' : kind.group.replace(/\.k8s\.io$/, '').replaceAll('.', '_');
  return `${group}_${kind.version}`;
}

function pathV3(path: Path, used: Set<string>): Json {
  const written: Json = unlessEmpty('parameters', path.parameters.map(parameterV3));
  for (const operation of path.operations) {
    for (const definition of [operation.body, operation.answer]) if (definition !== undefined) used.add(definition);
    const schema = (definition: string) => ({ schema: { $ref: `#/components/schemas/${definition}` } });
    const content = (types: readonly string[], definition: string) =>
      Object.fromEntries(types.map((type) => [type, schema(definition)]));
    const responses: Json = { 401: { description: 'Unauthorized' } };
    for (const status of operation.statuses) {
      responses[status] = {
        description: descriptions[status] ?? '',
        ...(operation.answer === undefined ? {} : { content: content(answerTypes, operation.answer) }),
      };
    }
    written[operation.method] = {
      tags: [tagOf(operation)],
      operationId: operation.id,
      ...unlessEmpty('parameters', operation.parameters.map(parameterV3)),
      ...(operation.body === undefined
        ? {}
        : {
            requestBody: {
              content: content(operation.bodyTypes ?? ['*/*'], operation.body),
              ...(operation.method === 'delete' ? {} : { required: true }),
            },
          }),
      responses,
      'x-kubernetes-action': operation.action,
      'x-kubernetes-group-version-kind': operation.kind,
    };
  }
  return written;
}

/** An empty list would be another document once a client has read and written it. */
function unlessEmpty(name: string, list: readonly Json[]): Json {
  return list.length === 0 ? {} : { [name]: list };
}

const descriptions: Readonly<Record<number, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted' };

function parameterV3({ type, ...parameter }: Parameter): Json {
  return { ...parameter, schema: { type, uniqueItems: true } };
}

function pathV2(path: Path, used: Set<string>): Json {
  const written: Json = unlessEmpty('parameters', path.parameters.map(parameterV2));
  for (const operation of path.operations) {
    for (const definition of [operation.body, operation.answer]) if (definition !== undefined) used.add(definition);
    const parameters = operation.parameters.map(parameterV2);
    if (operation.body !== undefined) {
      const schema = { $ref: `#/definitions/${operation.body}` };
      parameters.unshift({
        name: 'body',
        in: 'body',
        schema,
        ...(operation.method === 'delete' ? {} : { required: true }),
      });
    }
    const responses: Json = { 401: { description: 'Unauthorized' } };
    for (const status of operation.statuses) {
      const schema =
        operation.answer === undefined ? { type: 'string' } : { $ref: `#/definitions/${operation.answer}` };
      responses[status] = { description: descriptions[status] ?? '', schema };
    }
    written[operation.method] = {
      tags: [tagOf(operation)],
      operationId: operation.id,
      consumes: operation.bodyTypes ?? ['*/*'],
      produces: answerTypes,
      schemes: ['https'],
      ...unlessEmpty('parameters', parameters),
      responses,
      'x-kubernetes-action': operation.action,
      'x-kubernetes-group-version-kind': operation.kind,
    };
  }
  return written;
}

function parameterV2(parameter: Parameter): Json {
  return { ...parameter, uniqueItems: true };
}

function resourceListPath(version: '2' | '3'): Json {
  const name = resourceListDefinition;
  const answer =
    version === '3'
      ? {
          content: Object.fromEntries(
            answerTypes.map((type) => [type, { schema: { $ref: `#/components/schemas/${name}` } }]),
          ),
        }
      : { schema: { $ref: `#/definitions/${name}` } };
  return { get: { responses: { 200: { description: 'OK', ...answer }, 401: { description: 'Unauthorized' } } } };
}
