import { readFileSync } from 'node:fs';
import { decodeObject, kindForObject } from '@berth/kube/schema';
import { expect, test } from 'vitest';
import { ProtobufDecoder } from './decode.ts';

interface Golden {
  /** What client-go's serializer writes of the object, as base64. */
  body: string;
  /** What Go's JSON encoder writes of it. */
  object: { apiVersion: string; kind: string };
}

const golden = JSON.parse(readFileSync(new URL('./golden/bodies.json', import.meta.url), 'utf8')) as Golden[];

test.each(golden)('$object.kind in protobuf is the same object as in JSON', ({ body, object }) => {
  const kind = kindForObject(object.apiVersion, object.kind);
  if (kind === undefined) throw new Error(`${object.kind} is not built in`);
  const read = new ProtobufDecoder().decode(Buffer.from(body, 'base64'));
  expect(decodeObject(kind, read, { mode: 'Strict' }).object).toEqual(
    decodeObject(kind, object, { mode: 'Strict' }).object,
  );
});
