import { quoted } from '../quoted.ts';

interface Frame {
  path: string;
  /** Keys seen so far; nothing in a list. */
  keys: Set<string> | undefined;
  /** The key, or index, that the next value belongs to. */
  at: string;
  index: number;
}

const most = 100;

/**
 * Fields that an object of a JSON text names twice, as warnings: `duplicate field "spec.replicas"`. `JSON.parse` keeps
 * the last one silently. To be called with text that parses; anything else gives a meaningless answer, never an error.
 */
export function duplicateFields(json: string): string[] {
  const found: string[] = [];
  const stack: Frame[] = [];
  let expectsKey = false;
  for (let position = 0; position < json.length; position++) {
    const frame = stack.at(-1);
    switch (json.charCodeAt(position)) {
      case 0x22: {
        const end = endOfString(json, position);
        if (expectsKey && frame?.keys !== undefined) {
          frame.at = keyOf(json.slice(position, end + 1));
          if (frame.keys.has(frame.at)) {
            if (found.length < most) found.push(`duplicate field ${quoted(below(frame))}`);
          } else {
            frame.keys.add(frame.at);
          }
          expectsKey = false;
        }
        position = end;
        break;
      }
      case 0x7b:
      case 0x5b: {
        const isObject = json.charCodeAt(position) === 0x7b;
        const path = frame === undefined ? '' : below(frame);
        stack.push({ path, keys: isObject ? new Set() : undefined, at: '', index: 0 });
        expectsKey = isObject;
        break;
      }
      case 0x7d:
      case 0x5d:
        stack.pop();
        expectsKey = false;
        break;
      case 0x2c:
        if (frame !== undefined) frame.index += 1;
        expectsKey = frame?.keys !== undefined;
        break;
    }
  }
  return found;
}

function below(frame: Frame): string {
  if (frame.keys === undefined) return `${frame.path}[${frame.index}]`;
  return frame.path === '' ? frame.at : `${frame.path}.${frame.at}`;
}

function endOfString(json: string, start: number): number {
  for (let position = start + 1; position < json.length; position++) {
    const code = json.charCodeAt(position);
    if (code === 0x5c) position += 1;
    else if (code === 0x22) return position;
  }
  return json.length;
}

/** Two spellings of one key are one key. */
function keyOf(quoted: string): string {
  if (!quoted.includes('\\')) return quoted.slice(1, -1);
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return quoted;
  }
}
