import { isMap, isScalar, parseDocument, stringify, visit } from 'yaml';

/** JSON in, YAML out, or the other way. What goes in and out is text, so that it may cross to another thread. */
export type Conversion = 'toJson' | 'toYaml';

/** Throws an `Error` with a sentence about the text that cannot be read. */
export function convert(conversion: Conversion, text: string): string {
  return conversion === 'toYaml' ? stringify(JSON.parse(text)) : yamlToJson(text);
}

function yamlToJson(text: string): string {
  // The library compares each key with every other one of its map, which takes hours for a megabyte of them.
  const document = parseDocument(text, { uniqueKeys: false, prettyErrors: true });
  const [error] = document.errors;
  if (error) throw new Error(`the body is not YAML: ${error.message.split('\n')[0]}`);
  visit(document, {
    Map(_, map) {
      const keys = new Set<unknown>();
      for (const { key } of map.items) {
        const name = isScalar(key) ? key.value : key;
        if (isMap(name)) throw new Error('the body is not YAML of Kubernetes: the key of a map is a map');
        if (keys.has(name)) throw new Error(`the body is not YAML: Map keys must be unique: ${String(name)}`);
        keys.add(name);
      }
    },
  });
  // Aliases are bounded, so that a small body cannot unfold into a large object.
  return JSON.stringify(document.toJS({ maxAliasCount: 100 }) ?? null);
}
