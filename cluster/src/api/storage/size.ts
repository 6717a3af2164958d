import { BerthError } from '@berth/kube/errors';

/**
 * Bytes of JSON that one object may have, with the record of its owners. etcd takes 1.5 MiB of protobuf, which is shorter:
 * whatever it takes, this takes too.
 */
const mostBytes = 2 * 1024 * 1024;

/** Throws `RequestEntityTooLarge` for an object that is too large to keep, unless it was (`before`, in bytes) and does not grow. */
export function checkBytes(bytes: number, before = 0): void {
  if (bytes <= Math.max(mostBytes, before)) return;
  const message = `the object is too large: with the record of its field managers it may have ${mostBytes} bytes`;
  throw new BerthError('RequestEntityTooLarge', message);
}

/** The same before much work went into the object, by what its JSON has at least. */
export function checkSize(object: object, before = 0): void {
  let length = 0;
  count(object);
  function count(value: unknown): void {
    if (typeof value === 'string') length += value.length + 3;
    else if (typeof value !== 'object' || value === null) length += 2;
    else if (Array.isArray(value)) for (const item of value) count(item);
    else {
      for (const key in value) {
        length += key.length + 3;
        count((value as Record<string, unknown>)[key]);
      }
    }
    checkBytes(length, before);
  }
}
