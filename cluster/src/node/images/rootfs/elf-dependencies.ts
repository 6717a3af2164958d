import { readFile } from 'node:fs/promises';
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
const DT_RPATH = 15n;
const DT_RUNPATH = 29n;

/**
 * Reads the dynamic section of a 64-bit little-endian ELF file; undefined when `path` is something else.
 * Source: System V ABI, "Program Header" and "Dynamic Section".
 */
export async function elfDependencies(path: string): Promise<ElfDependencies | undefined> {
  const file = await readFile(path);
  if (file.length < 64 || file.readUInt32BE(0) !== 0x7f454c46 || file[4] !== 2 || file[5] !== 1) return undefined;
  const segments = programHeaders(file);
  const interp = segments.find(({ type }) => type === PT_INTERP);
  const dynamic = segments.find(({ type }) => type === PT_DYNAMIC);
  const tags = dynamic === undefined ? [] : dynamicTags(file, dynamic);
  const stringTable = tags.find(({ tag }) => tag === DT_STRTAB)?.value;
  const strings = (wanted: bigint) =>
    stringTable === undefined
      ? []
      : tags
          .filter(({ tag }) => tag === wanted)
          .map(({ value }) => textAt(file, fileOffset(segments, stringTable) + Number(value)));
  const paths = [...strings(DT_RUNPATH), ...strings(DT_RPATH)].flatMap((list) => list.split(':'));
  return {
    machine: file.readUInt16LE(18),
    interpreter: interp === undefined ? undefined : textAt(file, interp.offset),
    needed: strings(DT_NEEDED),
    runPath: paths.filter(Boolean).map((part) => part.replace(/\$(ORIGIN|\{ORIGIN\})/, dirname(path))),
  };
}

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: bigint;
  readonly size: number;
}

function programHeaders(file: Buffer): Segment[] {
  const start = Number(file.readBigUInt64LE(32));
  const entrySize = file.readUInt16LE(54);
  return Array.from({ length: file.readUInt16LE(56) }, (_, index) => {
    const at = start + index * entrySize;
    return {
      type: file.readUInt32LE(at),
      offset: Number(file.readBigUInt64LE(at + 8)),
      address: file.readBigUInt64LE(at + 16),
      size: Number(file.readBigUInt64LE(at + 32)),
    };
  });
}

function dynamicTags(file: Buffer, { offset, size }: Segment): { tag: bigint; value: bigint }[] {
  return Array.from({ length: Math.floor(size / 16) }, (_, index) => ({
    tag: file.readBigUInt64LE(offset + index * 16),
    value: file.readBigUInt64LE(offset + index * 16 + 8),
  }));
}

function fileOffset(segments: readonly Segment[], address: bigint): number {
  const segment = segments.find(
    (one) => one.type === PT_LOAD && address >= one.address && address < one.address + BigInt(one.size),
  );
  if (segment === undefined) throw new Error(`no segment holds address ${address.toString(16)}`);
  return segment.offset + Number(address - segment.address);
}

function textAt(file: Buffer, offset: number): string {
  return file.toString('latin1', offset, file.indexOf(0, offset));
}
