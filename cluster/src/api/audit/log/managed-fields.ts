import { parseJson } from '../../int64.ts';

interface Shape {
  metadata?: { managedFields?: unknown };
  items?: (Shape | null)[];
  rows?: ({ object?: Shape | null } | null)[];
}

/** An object, list or table as JSON, without `managedFields`. */
export function withoutManagedFields(json: Buffer): Buffer {
  if (!json.includes('"managedFields"')) return json;
  const value = read(json);
  if (typeof value !== 'object' || value === null) return json;
  remove(value);
  if (Array.isArray(value.items)) value.items.forEach(remove);
  if (Array.isArray(value.rows)) for (const row of value.rows) remove(row?.object);
  return Buffer.from(JSON.stringify(value));
}

/** Undefined of what nobody could have sent. */
function read(json: Buffer): Shape | null | undefined {
  try {
    return parseJson(json.toString(), () => new Error('a number is out of range')) as Shape | null;
  } catch {
    return undefined;
  }
}

function remove(object: Shape | null | undefined): void {
  if (typeof object?.metadata === 'object' && object.metadata !== null) delete object.metadata.managedFields;
}
