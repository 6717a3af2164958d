const binary: Record<string, number> = { Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60 };
const decimal: Record<string, number> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
};

/** The number that a Kubernetes quantity stands for; undefined for what is none. */
export function parseQuantity(text: string | number | undefined): number | undefined {
  const [, digits, suffix = ''] = /^([+-]?[\d.]+(?:e[+-]?\d+)?)([A-Za-z]*)$/i.exec(String(text ?? '')) ?? [];
  const factor = suffix === '' ? 1 : (binary[suffix] ?? decimal[suffix]);
  const value = Number(digits);
  return digits === undefined || factor === undefined || Number.isNaN(value) ? undefined : value * factor;
}

/** Memory or storage in the largest binary unit that leaves at least 1: `23.5 GiB`. */
export function formatBytes(text: string | number | undefined, locale: string): string {
  const bytes = parseQuantity(text);
  if (bytes === undefined) return String(text ?? '');
  const at = bytes < 1 ? 0 : Math.min(5, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 2 ** (10 * at);
  const digits = { maximumFractionDigits: value >= 100 || at === 0 ? 0 : 1 };
  return `${new Intl.NumberFormat(locale, digits).format(value)} ${['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'][at]}`;
}

/** Processor shares in cores: `0.25`, `2`. */
export function formatCores(text: string | number | undefined, locale: string): string {
  const cores = parseQuantity(text);
  if (cores === undefined) return String(text ?? '');
  return new Intl.NumberFormat(locale, { maximumFractionDigits: 3 }).format(cores);
}
