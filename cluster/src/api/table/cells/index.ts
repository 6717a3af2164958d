import type { Cells } from './cell.ts';
import { coreCells } from './core.ts';
import { otherCells } from './others.ts';
import { podCells } from './pod.ts';
import { workloadCells } from './workloads.ts';

const byKind: Readonly<Record<string, Cells>> = { '/Pod': podCells, ...coreCells, ...workloadCells, ...otherCells };

/** The cells of a kind that are more than a field of the object. */
export function cellsOf(group: string, kind: string): Cells | undefined {
  return byKind[`${group}/${kind}`];
}
