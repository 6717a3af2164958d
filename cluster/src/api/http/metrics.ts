import type { ObjectStorage } from '../storage/object-storage.ts';
import type { PathHandler } from './handle.ts';

const bucketsSeconds = [0.005, 0.025, 0.1, 0.5, 1, 5, 30];

interface Series {
  verb: string;
  resource: string;
  code: number;
  count: number;
  seconds: number;
  buckets: number[];
}

/** Requests and stored objects, in Prometheus' text format, under kube-apiserver's names. */
export class RequestMetrics {
  readonly #series = new Map<string, Series>();

  finished(verb: string, resource: string, code: number, milliseconds: number): void {
    const key = `${verb} ${resource} ${code}`;
    let series = this.#series.get(key);
    if (!series) {
      series = { verb, resource, code, count: 0, seconds: 0, buckets: bucketsSeconds.map(() => 0) };
      this.#series.set(key, series);
    }
    const seconds = milliseconds / 1000;
    series.count++;
    series.seconds += seconds;
    for (let i = 0; i < bucketsSeconds.length; i++) {
      if (seconds <= (bucketsSeconds[i] as number)) series.buckets[i] = (series.buckets[i] as number) + 1;
    }
  }

  /** `more` are lines of others. */
  handler(storage: ObjectStorage, more: () => readonly string[] = () => []): PathHandler {
    return (path) => {
      if (path !== '/metrics') return undefined;
      return { body: Buffer.from(this.#text(storage, more())), type: 'text/plain; version=0.0.4; charset=utf-8' };
    };
  }

  #text(storage: ObjectStorage, more: readonly string[]): string {
    const lines = ['# TYPE apiserver_request_total counter'];
    const all = [...this.#series.values()];
    for (const { verb, resource, code, count } of all) {
      lines.push(`apiserver_request_total{verb="${verb}",resource="${resource}",code="${code}"} ${count}`);
    }
    lines.push('# TYPE apiserver_request_duration_seconds histogram');
    for (const { verb, resource, code, count, seconds, buckets } of all) {
      const labels = `verb="${verb}",resource="${resource}",code="${code}"`;
      const name = 'apiserver_request_duration_seconds';
      for (const [i, le] of bucketsSeconds.entries()) lines.push(`${name}_bucket{${labels},le="${le}"} ${buckets[i]}`);
      lines.push(`${name}_bucket{${labels},le="+Inf"} ${count}`);
      lines.push(`${name}_sum{${labels}} ${seconds}`, `${name}_count{${labels}} ${count}`);
    }
    lines.push('# TYPE apiserver_storage_objects gauge');
    for (const prefix of storage.prefixes()) {
      const [, , group = '', resource = ''] = prefix.split('/');
      const name = group === 'core' ? resource : `${resource}.${group}`;
      lines.push(`apiserver_storage_objects{resource="${name}"} ${storage.count(prefix)}`);
    }
    lines.push(
      ...more,
      '# TYPE process_resident_memory_bytes gauge',
      `process_resident_memory_bytes ${process.memoryUsage.rss()}`,
    );
    return `${lines.join('\n')}\n`;
  }
}
