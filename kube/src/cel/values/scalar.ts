/** An unsigned 64-bit number. Ints are bigint, doubles are number. */
export class Uint {
  readonly value: bigint;

  constructor(value: bigint) {
    this.value = value;
  }
}

/** An instant: nanoseconds since 1970, between the years 1 and 9999. */
export class Timestamp {
  readonly nanos: bigint;
  /** Minutes east of UTC, as it was written; only its text shows them. */
  readonly offset: number;

  constructor(nanos: bigint, offset = 0) {
    this.nanos = nanos;
    this.offset = offset;
  }
}

/** A span of time in nanoseconds, in 64 bits as Go has it. */
export class Duration {
  readonly nanos: bigint;

  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

/** What `type(x)` answers; two are equal when their names are. */
export class TypeValue {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}
