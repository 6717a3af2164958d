import { badRequest } from '../faults.ts';

/** Reads the wire format of Protocol Buffers: https://protobuf.dev/programming-guides/encoding/. */
export class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isDone(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** The next field's number and its value: a varint, or the bytes of anything with a length. */
  field(): { number: number; value: bigint | Uint8Array } {
    const tag = Number(this.#varint());
    const number = tag >>> 3;
    switch (tag & 7) {
      case 0:
        return { number, value: this.#varint() };
      case 1:
        return { number, value: this.#take(8) };
      case 2:
        return { number, value: this.#take(Number(this.#varint())) };
      case 5:
        return { number, value: this.#take(4) };
      default:
        throw badRequest(`the protobuf body has wire type ${tag & 7} at byte ${this.#at}`);
    }
  }

  #varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw badRequest('the protobuf body ends within a number');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
    throw badRequest(`the protobuf body has an endless number at byte ${this.#at}`);
  }

  #take(length: number): Uint8Array {
    const from = this.#at;
    this.#at += length;
    if (length < 0 || this.#at > this.#bytes.length) throw badRequest('the protobuf body ends within a field');
    return this.#bytes.subarray(from, this.#at);
  }
}
