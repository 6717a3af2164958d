/** One measured figure. */
export interface Row {
  name: string;
  value: number;
  /** `ms`, `MiB`, `per s`, `×`, … */
  unit: string;
  /** What DESIGN's budget asks, in words, where there is one. */
  budget?: string;
  /** What reproduces this figure alone. */
  command: string;
}

/** A group of figures that are taken together. */
export interface Suite {
  name: string;
  measure(options: BenchOptions): Promise<Row[]>;
}

export interface BenchOptions {
  /** The same requests are also sent to this cluster, and ratios are given. */
  peerKubeconfig?: string;
}

/** The p-th percentile (0 to 100) by nearest rank. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)] ?? Number.NaN;
}
