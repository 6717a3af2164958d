import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';
import type { Schema } from '../src/schema/types.ts';

const models = dirname(fileURLToPath(import.meta.resolve('kubernetes-models')));
const machinery = dirname(fileURLToPath(import.meta.resolve('@kubernetes-models/apimachinery')));
const clientModels = join(dirname(fileURLToPath(import.meta.resolve('@kubernetes/client-node'))), 'gen', 'models');

/** Folders of `kubernetes-models` whose definitions are named otherwise than by the first label of the folder. */
const namedOtherwise: Record<string, string> = {
  'apiextensions.k8s.io': 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions',
  'apiregistration.k8s.io': 'io.k8s.kube-aggregator.pkg.apis.apiregistration',
};

/** The OpenAPI name of the definition that a declaration file holds. */
function nameOf(file: string): string {
  if (file.startsWith(machinery)) {
    return `io.k8s.apimachinery.pkg.${relative(machinery, file)
      .replace(/\.d\.ts$/, '')
      .replaceAll('/', '.')}`;
  }
  const [first = '', ...rest] = relative(models, file)
    .replace(/\.d\.ts$/, '')
    .split('/');
  if (rest.length === 1) return `io.k8s.api.core.${first}.${rest[0]}`;
  return `${namedOtherwise[first] ?? `io.k8s.api.${first.split('.')[0]}`}.${rest.join('.')}`;
}

/** The declaration file of a definition; the inverse of `nameOf`. */
function fileOf(name: string): string {
  const machineryPrefix = 'io.k8s.apimachinery.pkg.';
  if (name.startsWith(machineryPrefix)) {
    return join(machinery, `${name.slice(machineryPrefix.length).replaceAll('.', '/')}.d.ts`);
  }
  const parts = name.split('.');
  const kind = parts.at(-1) ?? '';
  const version = parts.at(-2) ?? '';
  const group = parts.at(-3) ?? '';
  if (group === 'core') return join(models, version, `${kind}.d.ts`);
  const folders = [group, `${group}.k8s.io`, `${group}.authorization.k8s.io`, `${group}.apiserver.k8s.io`];
  const found = folders.map((folder) => join(models, folder, version, `${kind}.d.ts`)).find(existsSync);
  if (found === undefined) throw new Error(`no model for ${name}`);
  return found;
}

/** Reads one definition: its fields, which are required, what they refer to, and the formats of numbers and bytes. */
export async function readModel(name: string): Promise<Schema> {
  const file = fileOf(name);
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest);
  const kind = name.split('.').at(-1) ?? '';
  const files = new Map<string, string>([[`I${kind}`, file]]);
  let declared: ts.InterfaceDeclaration | undefined;
  for (const statement of source.statements) {
    if (ts.isImportDeclaration(statement) && ts.isStringLiteral(statement.moduleSpecifier)) {
      const target = importedFile(file, statement.moduleSpecifier.text);
      const bindings = statement.importClause?.namedBindings;
      if (bindings !== undefined && ts.isNamedImports(bindings)) {
        for (const element of bindings.elements) files.set(element.name.text, target);
      }
    }
    if (ts.isInterfaceDeclaration(statement) && statement.name.text === `I${kind}`) declared = statement;
  }
  if (declared === undefined) throw new Error(`${file} declares no interface I${kind}`);

  const formats = declared.members.length === 0 ? new Map<string, string>() : await formatsOf(name);
  const schema: Schema = { type: 'object', properties: {} };
  const required: string[] = [];
  for (const member of declared.members) {
    if (!ts.isPropertySignature(member) || member.type === undefined || !ts.isStringLiteral(member.name)) continue;
    const field = member.name.text;
    const isTypeMeta = field === 'apiVersion' || field === 'kind';
    const ownTypeMeta = isTypeMeta && ts.isLiteralTypeNode(member.type);
    const of = ownTypeMeta ? { type: 'string' as const } : schemaOf(member.type, formats.get(field) ?? '');
    (schema.properties as Record<string, Schema>)[field] = of;
    if (member.questionToken === undefined && !ownTypeMeta) required.push(field);
  }
  if (required.length > 0) schema.required = required;
  return schema;

  function schemaOf(type: ts.TypeNode, format: string): Schema {
    if (ts.isUnionTypeNode(type)) {
      const values = type.types.map(literalOf);
      return { type: typeof values[0] === 'number' ? 'integer' : 'string', enum: values };
    }
    if (ts.isLiteralTypeNode(type)) return { type: 'string', enum: [literalOf(type)] };
    if (ts.isArrayTypeNode(type)) return { type: 'array', items: schemaOf(type.elementType, format) };
    if (ts.isTypeReferenceNode(type) && ts.isIdentifier(type.typeName)) {
      const argument = type.typeArguments?.[0];
      if (type.typeName.text === 'Array' && argument !== undefined) {
        return { type: 'array', items: schemaOf(argument, format) };
      }
      const target = files.get(type.typeName.text);
      if (target === undefined) throw new Error(`${name}: unknown type ${type.typeName.text}`);
      return { $ref: nameOf(target) };
    }
    if (ts.isTypeLiteralNode(type)) {
      const index = type.members.find(ts.isIndexSignatureDeclaration);
      if (index !== undefined) return { type: 'object', additionalProperties: schemaOf(index.type, format) };
      const fields = type.members.filter(ts.isPropertySignature);
      return { type: 'object', properties: Object.fromEntries(fields.map(inlineField)) };
    }
    switch (type.kind) {
      case ts.SyntaxKind.StringKeyword:
        return format === 'byte' ? { type: 'string', format } : { type: 'string' };
      case ts.SyntaxKind.BooleanKeyword:
        return { type: 'boolean' };
      case ts.SyntaxKind.NumberKeyword:
        return format === 'double' ? { type: 'number', format } : { type: 'integer', format: format || 'int64' };
      default:
        throw new Error(`${name}: a type that is not understood: ${type.getText(source)}`);
    }
  }

  function inlineField(member: ts.PropertySignature): [string, Schema] {
    if (member.type === undefined || !ts.isStringLiteral(member.name)) throw new Error(`${name}: a field without type`);
    return [member.name.text, schemaOf(member.type, '')];
  }

  function literalOf(type: ts.TypeNode): string | number {
    if (ts.isLiteralTypeNode(type) && ts.isStringLiteral(type.literal)) return type.literal.text;
    if (ts.isLiteralTypeNode(type) && ts.isNumericLiteral(type.literal)) return Number(type.literal.text);
    throw new Error(`${name}: a union of other things than literals: ${type.getText(source)}`);
  }
}

function importedFile(from: string, specifier: string): string {
  const package_ = '@kubernetes-models/apimachinery/';
  if (specifier.startsWith(package_)) return join(machinery, `${specifier.slice(package_.length)}.d.ts`);
  return resolve(dirname(from), specifier.replace(/\.js$/, '.d.ts'));
}

interface ClientModel {
  attributeTypeMap?: { baseName: string; format: string }[];
}

/** Formats by field, from the client library's model of the same definition; the types above do not carry them. */
async function formatsOf(name: string): Promise<Map<string, string>> {
  const [group = '', version = '', kind = ''] = name.split('.').slice(-3);
  const v = version.charAt(0).toUpperCase() + version.slice(1);
  const g = group.charAt(0).toUpperCase() + group.slice(1);
  for (const className of [`${v}${kind}`, `${g}${v}${kind}`, `Version${kind}`]) {
    const file = join(clientModels, `${className}.js`);
    if (!existsSync(file)) continue;
    const loaded = (await import(pathToFileURL(file).href)) as Record<string, ClientModel>;
    const attributes = loaded[className]?.attributeTypeMap ?? [];
    return new Map(attributes.map((attribute) => [attribute.baseName, attribute.format]));
  }
  throw new Error(`the client library has no model of ${name}`);
}
