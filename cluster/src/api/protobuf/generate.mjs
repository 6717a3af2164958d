/**
 * Makes `generated/messages.json` from the `generated.proto` files of the Go modules k8s.io/api, k8s.io/apimachinery
 * and k8s.io/kube-aggregator (v0.35.0), unpacked below the directory given:
 *   node generate.mjs DIRECTORY            writes the file
 *   node generate.mjs DIRECTORY --verify   fails when it would change
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const [directory, mode] = process.argv.slice(2);
const target = new URL('./generated/messages.json', import.meta.url);
const scalars = new Set(['string', 'bool', 'int32', 'int64', 'uint32', 'uint64', 'double', 'float', 'bytes']);
const served = /^k8s\.io\.(api|apimachinery|kube_aggregator)\.(?!.*testapigroup)/;

/** Message name → field number → [JSON name, type, 'r' for repeated or 'm' for map]. */
const messages = {};
for (const file of readdirSync(directory, { recursive: true }).sort()) {
  if (!file.endsWith('generated.proto')) continue;
  const text = readFileSync(path.join(directory, file), 'utf8').replace(/\/\/.*$/gm, '');
  const name = /^package ([\w.]+);/m.exec(text)?.[1];
  if (name === undefined || !served.test(name) || /v\d+(alpha|beta)\d+$/.test(name)) continue;
  for (const [, message, body] of text.matchAll(/^message (\w+) \{([^}]*)\}/gm)) {
    const fields = {};
    const pattern = /(optional|repeated|map<string, *)\s*\.?([\w.]+)>?\s+(\w+)\s*=\s*(\d+)/g;
    for (const [, label, type, field, number] of body.matchAll(pattern)) {
      const full = scalars.has(type) ? type : type.startsWith('k8s.') ? type : `${name}.${type}`;
      fields[number] = [field, full, ...(label === 'repeated' ? ['r'] : label.startsWith('map') ? ['m'] : [])];
    }
    messages[`${name}.${message}`] = fields;
  }
}
const generated = `${JSON.stringify({ '//': 'Made by generate.mjs; do not edit.', ...messages }).replaceAll('},"k8s', '},\n"k8s')}\n`;
if (mode === '--verify') process.exitCode = readFileSync(target, 'utf8') === generated ? 0 : 1;
else writeFileSync(target, generated);
