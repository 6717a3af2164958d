import type { Architecture } from '../types.ts';

const machines: Record<Architecture, number> = { amd64: 62, arm64: 183 };
const fileHeaderSize = 64;
const programHeaderSize = 56;
const base = 0x400000n;
// arm64 kernels may have pages of 64 KiB; x86-64 is content with it.
const alignment = 0x10000n;

/**
 * A static Linux executable that is `code` and nothing else: one segment, readable and executable, entered at its
 * first byte, and a mark that its stack needs no execute permission.
 * Source: System V ABI, "Object Files" and "Program Loading".
 */
export function staticElf(architecture: Architecture, code: Uint8Array): Uint8Array {
  const programHeaders = 2;
  const entry = fileHeaderSize + programHeaders * programHeaderSize;
  const size = entry + code.length;
  const file = Buffer.alloc(size);

  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1], 0); // magic, 64-bit, little-endian, version 1
  file.writeUInt16LE(2, 16); // ET_EXEC
  file.writeUInt16LE(machines[architecture], 18);
  file.writeUInt32LE(1, 20); // version
  file.writeBigUInt64LE(base + BigInt(entry), 24);
  file.writeBigUInt64LE(BigInt(fileHeaderSize), 32); // the program headers follow at once
  file.writeUInt16LE(fileHeaderSize, 52);
  file.writeUInt16LE(programHeaderSize, 54);
  file.writeUInt16LE(programHeaders, 56);
  file.writeUInt16LE(64, 58); // size of a section header, of which there are none

  const load = fileHeaderSize;
  file.writeUInt32LE(1, load); // PT_LOAD
  file.writeUInt32LE(5, load + 4); // readable, executable
  file.writeBigUInt64LE(base, load + 16);
  file.writeBigUInt64LE(base, load + 24);
  file.writeBigUInt64LE(BigInt(size), load + 32);
  file.writeBigUInt64LE(BigInt(size), load + 40);
  file.writeBigUInt64LE(alignment, load + 48);

  const stack = load + programHeaderSize;
  file.writeUInt32LE(0x6474e551, stack); // PT_GNU_STACK
  file.writeUInt32LE(6, stack + 4); // readable, writable
  file.writeBigUInt64LE(16n, stack + 48);

  file.set(code, entry);
  return file;
}
