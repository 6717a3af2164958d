import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';

/** What the dynamic linker would do with an executable or library. */
export interface ElfDependencies {
  /** The ELF machine number: 62 for x86-64, 183 for arm64. A library must have the one of its program. */
  readonly machine: number;
  /** The dynamic linker; absent from libraries and static programs. */
  readonly interpreter: string | undefined;
  readonly needed: readonly string[];
  /** The search directories that the file itself names, `$ORIGIN` replaced. */
  readonly runPath: readonly string[];
}

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const DT_NEEDED = 1n;
const DT_STRTAB = 5n;
const DT_STRSZ = 10n;
const DT_RPATH = 15n;
const DT_RUNPATH = 29n;

/**
 * Reads the dynamic section of a 64-bit little-endian ELF file, and no more of it than that: programs are large.
 * Undefined when `path` is something else.
 * Source: System V ABI, "Program Header" and "Dynamic Section".
 */
export async function elfDependencies(path: string): Promise<ElfDependencies | undefined> {
  const file = await open(path);
  try {
    const header = await bytesAt(file, 0, 64);
    if (header.length < 64 || header.readUInt32BE(0) !== 0x7f454c46 || header[4] !== 2 || header[5] !== 1) {
      return undefined;
    }
    const segments = await programHeaders(file, header);
    const interp = segments.find(({ type }) => type === PT_INTERP);
    const dynamic = segments.find(({ type }) => type === PT_DYNAMIC);
    const tags = dynamic === undefined ? [] : dynamicTags(await bytesAt(file, dynamic.offset, dynamic.size));
    const strings = await stringTable(file, segments, tags);
    const named = (...wanted: bigint[]) =>
      tags.filter(({ tag }) => wanted.includes(tag)).map(({ value }) => textAt(strings, Number(value)));
    const paths = named(DT_RUNPATH, DT_RPATH).flatMap((list) => list.split(':'));
    return {
      machine: header.readUInt16LE(18),
      interpreter: interp === undefined ? undefined : textAt(await bytesAt(file, interp.offset, interp.size), 0),
      needed: named(DT_NEEDED),
      runPath: paths.filter(Boolean).map((part) => part.replace(/\$(ORIGIN|\{ORIGIN\})/, dirname(path))),
    };
  } finally {
    await file.close();
  }
}

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: bigint;
  readonly size: number;
}

interface DynamicTag {
  readonly tag: bigint;
  readonly value: bigint;
}

async function bytesAt(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset);
  return buffer.subarray(0, bytesRead);
}

async function programHeaders(file: FileHandle, header: Buffer): Promise<Segment[]> {
  const entrySize = header.readUInt16LE(54);
  const count = header.readUInt16LE(56);
  const table = await bytesAt(file, Number(header.readBigUInt64LE(32)), entrySize * count);
  return Array.from({ length: count }, (_, index) => {
    const at = index * entrySize;
    return {
      type: table.readUInt32LE(at),
      offset: Number(table.readBigUInt64LE(at + 8)),
      address: table.readBigUInt64LE(at + 16),
      size: Number(table.readBigUInt64LE(at + 32)),
    };
  });
}

function dynamicTags(section: Buffer): DynamicTag[] {
  return Array.from({ length: Math.floor(section.length / 16) }, (_, index) => ({
    tag: section.readBigUInt64LE(index * 16),
    value: section.readBigUInt64LE(index * 16 + 8),
  }));
}

async function stringTable(file: FileHandle, segments: readonly Segment[], tags: readonly DynamicTag[]) {
  const address = tags.find(({ tag }) => tag === DT_STRTAB)?.value;
  const size = tags.find(({ tag }) => tag === DT_STRSZ)?.value;
  if (address === undefined || size === undefined) return Buffer.alloc(0);
  return bytesAt(file, fileOffset(segments, address), Number(size));
}

function fileOffset(segments: readonly Segment[], address: bigint): number {
  const segment = segments.find(
    (one) => one.type === PT_LOAD && address >= one.address && address < one.address + BigInt(one.size),
  );
  if (segment === undefined) throw new Error(`no segment holds address ${address.toString(16)}`);
  return segment.offset + Number(address - segment.address);
}

function textAt(strings: Buffer, offset: number): string {
  return strings.toString('latin1', offset, strings.indexOf(0, offset));
}
