import type { KubeObject } from '@berth/kube/objects';
import { type KeyboardEvent, useId, useState } from 'react';

export interface RowKeysOptions<T extends KubeObject> {
  rows: readonly T[];
  onSelect?: ((object: T) => void) | undefined;
  scrollTo: (index: number) => void;
}

const steps: Record<string, number> = {
  j: 1,
  ArrowDown: 1,
  k: -1,
  ArrowUp: -1,
  PageDown: 15,
  PageUp: -15,
  Home: Number.NEGATIVE_INFINITY,
  End: Number.POSITIVE_INFINITY,
};

/** Moves through rows with the keys while the grid has the focus; Enter opens the current one. */
export function useRowKeys<T extends KubeObject>({ rows, onSelect, scrollTo }: RowKeysOptions<T>) {
  const id = useId();
  const [current, setCurrent] = useState(-1);
  const idOf = (index: number) => `${id}row${index}`;
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
    const step = steps[event.key];
    if (step !== undefined && rows.length > 0) {
      event.preventDefault();
      const next = Math.min(rows.length - 1, Math.max(0, current + step));
      setCurrent(next);
      scrollTo(next);
      return;
    }
    const object = rows[current];
    if (event.key === 'Enter' && object !== undefined) {
      event.preventDefault();
      onSelect?.(object);
    }
  };
  return { current, onKeyDown, idOf, activeId: current >= 0 && current < rows.length ? idOf(current) : undefined };
}
