export interface LogLine {
  /** RFC 3339 with nanoseconds, as written. */
  time: string;
  stream: 'stdout' | 'stderr';
  /** Whether the line goes on in the next entry. */
  partial: boolean;
  text: string;
}

/** One line of a CRI log file: `<time> <stdout|stderr> <F|P>[:tags] <text>`. Undefined when it is not one. */
export function parseLogLine(line: string): LogLine | undefined {
  const first = line.indexOf(' ');
  const second = line.indexOf(' ', first + 1);
  const third = line.indexOf(' ', second + 1);
  if (first < 0 || second < 0 || third < 0) return undefined;
  const stream = line.slice(first + 1, second);
  if (stream !== 'stdout' && stream !== 'stderr') return undefined;
  return { time: line.slice(0, first), stream, partial: line[second + 1] === 'P', text: line.slice(third + 1) };
}
