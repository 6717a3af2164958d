import type { Node } from '@berth/kube/objects';
import { formatBytes, formatCores } from '../format/quantity.ts';
import { useText } from '../i18n/text.ts';

type Quantity = string | number | undefined;

export function Bytes({ amount }: { amount: Quantity }) {
  const { language } = useText();
  return <span className="figure">{formatBytes(amount, language)}</span>;
}

export function Cores({ amount }: { amount: Quantity }) {
  const { language } = useText();
  return <span className="figure">{formatCores(amount, language)}</span>;
}

/** How much of a node is there for pods. */
export function Room({ node, resource }: { node: Node; resource: 'cpu' | 'memory' }) {
  const { t, language } = useText();
  const format = resource === 'cpu' ? formatCores : formatBytes;
  const of = (which: 'capacity' | 'allocatable') =>
    format((node.status?.[which] as Record<string, Quantity> | undefined)?.[resource], language);
  return (
    <span className="figure">
      {t('fact.allocatable', { allocatable: of('allocatable'), capacity: of('capacity') })}
    </span>
  );
}
