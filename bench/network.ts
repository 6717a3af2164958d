import { measureDns, measureRules } from '@berth/cluster/network/measure';
import type { Row, Suite } from './row.ts';

const command = 'npm run bench -- --only network';

/** Rule updates and names, on this machine's own kernel. Needs root and nftables. */
export async function measureNetwork(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const services of [10, 1_000, 10_000]) {
    const { wholeMs, changeMs } = await measureRules(services);
    const among = `${services.toLocaleString('en')} services`;
    rows.push(
      { name: `rules of one changed service among ${among}`, value: changeMs, unit: 'ms', command },
      { name: `rules of all ${among} at once`, value: wholeMs, unit: 'ms', command },
    );
  }
  const { perSecond, residentMiB } = await measureDns();
  rows.push(
    { name: 'DNS questions answered', value: perSecond, unit: 'per s', command },
    { name: 'DNS process, resident', value: residentMiB, unit: 'MiB', command },
  );
  return rows;
}

export const network: Suite = { name: 'network', measure: measureNetwork };
