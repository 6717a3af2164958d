import { type catalogueOf, decodeDefinition } from '@berth/kube/schema';
import { convert } from '../api/yaml/convert.ts';

/** A kind of file that says how a server is to work, of the group `apiserver.config.k8s.io`. */
export interface ConfigFileKind {
  /** `VERSION KIND`, all that mean it. */
  names: readonly string[];
  /** Its definition in the catalogue. */
  root: string;
  catalogue: ReturnType<typeof catalogueOf>;
}

/**
 * Reads such a file, YAML or JSON, without what is null in it. Throws an `Error` that says what of it cannot be read, in
 * kube-apiserver's words, without any of the text, which may hold keys.
 */
export function decodeConfigFile(text: string, { names, root, catalogue }: ConfigFileKind): Record<string, unknown> {
  const { text: json, repeated } = convert('toJson', text);
  const value = JSON.parse(json) as unknown;
  checkType(value, names);
  decodeDefinition(root, value, { mode: 'Strict', catalogue });
  if (repeated.length > 0) throw new Error(`strict decoding error: ${repeated.map((at) => `yaml: ${at}`).join(', ')}`);
  return withoutNulls(value) as Record<string, unknown>;
}

function checkType(value: unknown, names: readonly string[]): void {
  if (typeof value !== 'object' || Array.isArray(value)) {
    const type = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
    throw new Error(`couldn't get version/kind; json parse error: json: cannot unmarshal ${type} into Go value`);
  }
  const { apiVersion, kind: named } = (value ?? {}) as { apiVersion?: unknown; kind?: unknown };
  if (typeof named !== 'string' || named === '') throw new Error("Object 'Kind' is missing");
  if (typeof apiVersion !== 'string' || apiVersion === '') throw new Error("Object 'apiVersion' is missing");
  if (apiVersion.split('/').length > 2) throw new Error(`unexpected GroupVersion string: ${apiVersion}`);
  if (names.includes(`${apiVersion} ${named}`)) return;
  throw new Error(`no kind ${JSON.stringify(named)} is registered for version ${JSON.stringify(apiVersion)}`);
}

/** As Go leaves a field that is null: as if it were not there. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value ?? undefined;
  const given = Object.entries(value).filter(([, field]) => field !== null);
  return Object.fromEntries(given.map(([name, field]) => [name, withoutNulls(field)]));
}
