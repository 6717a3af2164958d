import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { loadSync, type MessageTypeDefinition } from '@grpc/proto-loader';

/** How a key that encrypts data comes from what the key management service has encrypted. */
export const sourceType = { aesGcmKey: 0, seed: 1 };

/** A value as it is kept, with what the service must be asked to read it. */
export interface EncryptedObject extends EncryptedKey {
  encryptedData: Buffer;
}

export interface EncryptedKey {
  /** Which key of the service encrypted the source. */
  keyID: string;
  encryptedDEKSource: Buffer;
  annotations: Record<string, Buffer>;
  encryptedDEKSourceType: number;
}

const mostSource = 1024;
const mostKeyId = 1024;
const mostAnnotations = 32 * 1024;

type Message = MessageTypeDefinition<Partial<EncryptedObject>, EncryptedObject>;

let message: Message | undefined;

function messageType(): Message {
  message ??= loadSync(fileURLToPath(new URL('./stored.proto', import.meta.url)), { defaults: true, objects: true })[
    'stored.EncryptedObject'
  ] as unknown as Message;
  return message;
}

export function encodeObject(object: EncryptedObject): Buffer {
  return messageType().serialize(object);
}

/** Throws an `Error` that says what is wrong with it. */
export function decodeObject(stored: Buffer): EncryptedObject {
  let object: EncryptedObject;
  try {
    object = messageType().deserialize(stored);
  } catch (cause) {
    throw new Error('proto: cannot parse invalid wire-format data', { cause });
  }
  if (object.encryptedDEKSourceType !== sourceType.aesGcmKey && object.encryptedDEKSourceType !== sourceType.seed) {
    throw new Error(`unknown encryptedDEKSourceType: ${object.encryptedDEKSourceType}`);
  }
  if (object.encryptedData.length === 0) throw new Error('encrypted data is empty');
  checkKey(object);
  return object;
}

/** Throws an `Error` for what no service may answer. Source: `ValidateEncryptedObject` of `k8s.io/apiserver`. */
export function checkKey({ keyID, encryptedDEKSource, annotations }: EncryptedKey): void {
  const length = encryptedDEKSource.length;
  const source = 'failed to validate encrypted DEK source: encrypted DEK source is';
  if (length === 0) throw new Error(`${source} empty`);
  if (length > mostSource) throw new Error(`${source} ${length} bytes, which exceeds the max size of ${mostSource}`);
  const fault = keyIdFault(keyID);
  if (fault) throw new Error(`failed to validate key id: ${fault}`);
  const names = Object.keys(annotations);
  const size = names.reduce((sum, name) => sum + Buffer.byteLength(name) + (annotations[name]?.length ?? 0), 0);
  const wrong = names.find((name) => !qualified.test(name));
  const failed = 'failed to validate annotations:';
  if (wrong !== undefined)
    throw new Error(`${failed} ${JSON.stringify(wrong)} should be a domain with at least two segments`);
  if (size > mostAnnotations) {
    throw new Error(`${failed} total size of annotations is ${size}, which exceeds the max size of ${mostAnnotations}`);
  }
}

const label = '[a-z0-9](?:[-a-z0-9]*[a-z0-9])?';
const qualified = new RegExp(`^(?=.{1,253}$)${label}(?:\\.${label})+$`);

export function keyIdFault(keyID: string): string | undefined {
  const bytes = Buffer.byteLength(keyID);
  if (bytes === 0) return 'keyID is empty';
  return bytes > mostKeyId ? `keyID is ${bytes} bytes, which exceeds the max size of ${mostKeyId}` : undefined;
}

/** The same for all values under one key, and for no others. */
export function cacheKey({ encryptedDEKSourceType, encryptedDEKSource, keyID, annotations }: EncryptedKey): string {
  const notes = Object.entries(annotations).sort(([one], [other]) => (one < other ? -1 : 1));
  const parts = [
    encryptedDEKSource,
    Buffer.from(keyID),
    ...notes.flatMap(([name, value]) => [Buffer.from(name), value]),
  ];
  const hash = createHash('sha256').update(String(encryptedDEKSourceType));
  for (const part of parts) hash.update(`:${part.length}:`).update(part);
  return hash.digest('base64');
}
