/**
 * Makes `generated/messages.json` from the `generated.proto` and `types*.go` files of the Go modules k8s.io/api,
 * k8s.io/apimachinery, k8s.io/apiextensions-apiserver and k8s.io/kube-aggregator (v0.35.0), unpacked below the directory
 * given:
 *   node generate.mjs DIRECTORY            writes the file
 *   node generate.mjs DIRECTORY --verify   fails when it would change
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const [directory, mode] = process.argv.slice(2);
const target = new URL('./generated/messages.json', import.meta.url);
const scalars = new Set(['string', 'bool', 'int32', 'int64', 'uint32', 'uint64', 'double', 'float', 'bytes']);
const served = /^k8s\.io\.(api|apimachinery|apiextensions_apiserver|kube_aggregator)\.(?!.*testapigroup)/;

/** Of those that are no v1, the ones that are served. */
const previews = new Set(['k8s.io.api.admissionregistration.v1beta1']);

/** What JSON calls the fields of the Go types of a package: type → field number → { name, flags }. */
function goTypes(folder) {
  const types = new Map();
  for (const file of readdirSync(folder)) {
    if (!file.endsWith('.go') || file.endsWith('_test.go') || file.startsWith('zz_')) continue;
    const text = readFileSync(path.join(folder, file), 'utf8');
    for (const [, type, body] of text.matchAll(/^type (\w+) struct \{\n(.*?)^\}/gms)) {
      const fields = new Map();
      for (const [, isPointer, tag] of body.matchAll(/^\t(?:\w+\s+)?(\*?)[^\n`/]*`([^`\n]*)`/gm)) {
        const number = /protobuf:"\w+,(\d+),/.exec(tag)?.[1];
        const [name, ...options] = /json:"([^"]*)"/.exec(tag)?.[1]?.split(',') ?? [];
        if (number === undefined || name === undefined || name === '-') continue;
        const isInline = name === '' && options.includes('inline');
        fields.set(number, { name, flags: (isInline ? 'i' : '') + (isPointer ? 'p' : '') });
      }
      types.set(type, fields);
    }
  }
  return types;
}

/** Message name → field number → [JSON name, type, flags]: r repeated, m map, i inline in JSON, p its zero is kept. */
const messages = {};
for (const file of readdirSync(directory, { recursive: true }).sort()) {
  if (!file.endsWith('generated.proto')) continue;
  const text = readFileSync(path.join(directory, file), 'utf8').replace(/\/\/.*$/gm, '');
  const name = /^package ([\w.]+);/m.exec(text)?.[1];
  if (name === undefined || !served.test(name) || (/v\d+(alpha|beta)\d+$/.test(name) && !previews.has(name))) continue;
  const types = goTypes(path.join(directory, path.dirname(file)));
  for (const [, message, body] of text.matchAll(/^message (\w+) \{([^}]*)\}/gm)) {
    const fields = {};
    const pattern = /(optional|repeated|map<string, *)\s*\.?([\w.]+)>?\s+(\w+)\s*=\s*(\d+)/g;
    for (const [, label, type, field, number] of body.matchAll(pattern)) {
      const full = scalars.has(type) ? type : type.startsWith('k8s.') ? type : `${name}.${type}`;
      const go = types.get(message)?.get(number) ?? { name: field, flags: '' };
      const flags = (label === 'repeated' ? 'r' : label.startsWith('map') ? 'm' : '') + go.flags;
      fields[number] = [go.name, full, ...(flags === '' ? [] : [flags])];
    }
    messages[`${name}.${message}`] = fields;
  }
}
const generated = `${JSON.stringify({ '//': 'Made by generate.mjs; do not edit.', ...messages }).replaceAll('},"k8s', '},\n"k8s')}\n`;
if (mode === '--verify') process.exitCode = readFileSync(target, 'utf8') === generated ? 0 : 1;
else writeFileSync(target, generated);
