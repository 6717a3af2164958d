/** Machine code that grows instruction by instruction; jumps and addresses to labels are filled in at the end. */
export class Assembler {
  readonly #bytes: number[] = [];
  readonly #labels = new Map<string, number>();
  readonly #fixups: { at: number; label: string; patch: (view: DataView, at: number, distance: number) => void }[] = [];

  label(name: string): void {
    this.#labels.set(name, this.#bytes.length);
  }

  bytes(...values: number[]): this {
    this.#bytes.push(...values);
    return this;
  }

  /** One little-endian 32-bit word: an immediate on x86-64, a whole instruction on arm64. */
  word(value: number): this {
    return this.bytes(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, (value >>> 24) & 0xff);
  }

  /** A word that `patch` completes once the distance in bytes from its own start to `label` is known. */
  wordTo(label: string, value: number, patch: (word: number, distance: number) => number): this {
    const at = this.#bytes.length;
    this.word(value);
    this.#fixups.push({
      at,
      label,
      patch: (view, position, distance) => view.setUint32(position, patch(value, distance) >>> 0, true),
    });
    return this;
  }

  assemble(): Uint8Array {
    const code = Uint8Array.from(this.#bytes);
    const view = new DataView(code.buffer);
    for (const { at, label, patch } of this.#fixups) {
      const target = this.#labels.get(label);
      if (target === undefined) throw new Error(`no label ${label}`);
      patch(view, at, target - at);
    }
    return code;
  }
}
