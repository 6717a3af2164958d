/** One metric with all its series. */
export interface Family {
  name: string;
  help: string;
  type: 'counter' | 'gauge';
  series: readonly Series[];
}

export interface Series {
  labels: Readonly<Record<string, string>>;
  value: number;
  /** Milliseconds since the epoch; absent: the time of the scrape. */
  at?: number;
}

/** The media type of what `exposition` writes. */
export const expositionType = 'text/plain; version=0.0.4; charset=utf-8';

/** Metrics in Prometheus' text format, version 0.0.4; those without a series are left out. */
export function exposition(families: readonly Family[]): string {
  return families
    .filter(({ series }) => series.length > 0)
    .map(({ name, help, type, series }) => {
      const lines = series.map(({ labels, value, at }) => {
        const written = Object.entries(labels).map(
          ([key, text]) => `${key}="${escapeText(text).replaceAll('"', '\\"')}"`,
        );
        const set = written.length === 0 ? '' : `{${written.join(',')}}`;
        return `${name}${set} ${value}${at === undefined ? '' : ` ${Math.round(at)}`}\n`;
      });
      return `# HELP ${name} ${escapeText(help)}\n# TYPE ${name} ${type}\n${lines.join('')}`;
    })
    .join('');
}

const escapeText = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
