import type { Pod } from '@berth/kube/objects';
import { type PodArithmetic, podResources } from '@berth/kube/pods';
import { addQuantities } from '@berth/kube/quantity';
import { amountsOf, largest, type ResourceList, sum } from './amounts.ts';
import type { Usage } from './types.ts';

const exact: PodArithmetic<Usage> = { read: amountsOf, plus: sum, most: largest };

/** What a pod asks for, exactly, with the runtime's overhead. */
export function podUsage(pod: Pod, what: 'requests' | 'limits'): Usage {
  return withOverhead(podResources(pod, what, exact), amountsOf(pod.spec?.overhead as ResourceList), what);
}

/** On top of every request, and of what is limited at all. */
function withOverhead(total: Usage, overhead: Usage, what: 'requests' | 'limits'): Usage {
  if (what === 'requests') return sum(total, overhead);
  return Object.fromEntries(
    Object.entries(total).map(([name, value]) => {
      const more = overhead[name];
      return [name, more && value.nanos !== 0n ? addQuantities(value, more) : value];
    }),
  );
}
