import { EVENT_ID, getScalarValue, parseEvents } from 'js-yaml';

/** As many as Kubernetes reports. */
const most = 100;

interface Collection {
  /** Of a map; undefined for a list. */
  keys: Set<string> | undefined;
  /** In a map, whether a key comes next. */
  atKey: boolean;
}

/** Keys that a map of the first document names again, in the words of Kubernetes' YAML library. */
export function repeatedKeys(text: string, maxDepth: number): string[] {
  const found: string[] = [];
  const stack: Collection[] = [];
  const lines = lineCounter(text);
  for (const event of parseEvents(text, { maxDepth })) {
    if (event.type === EVENT_ID.DOCUMENT) {
      stack.push({ keys: undefined, atKey: false });
      continue;
    }
    if (event.type === EVENT_ID.POP) {
      stack.pop();
      continue;
    }
    const parent = stack.at(-1);
    if (parent?.keys !== undefined) {
      if (parent.atKey && event.type === EVENT_ID.SCALAR) {
        const key = getScalarValue(text, event);
        if (parent.keys.has(key) && found.length < most) {
          found.push(`line ${lines(event.valueStart)}: key ${JSON.stringify(key)} already set in map`);
        }
        parent.keys.add(key);
      }
      parent.atKey = !parent.atKey;
    }
    if (event.type === EVENT_ID.MAPPING) stack.push({ keys: new Set(), atKey: true });
    else if (event.type === EVENT_ID.SEQUENCE) stack.push({ keys: undefined, atKey: false });
  }
  return found;
}

/** The line, from 1, of positions that only grow. */
function lineCounter(text: string): (position: number) => number {
  let line = 1;
  let from = 0;
  return (position) => {
    for (let end = text.indexOf('\n', from); end >= 0 && end < position; end = text.indexOf('\n', from)) {
      line++;
      from = end + 1;
    }
    return line;
  };
}
