import type { KmsProvider } from './provider.ts';

/** How often services are asked how they are: as kube-apiserver does whose health somebody asks for. */
const wellMs = 20_000;
const unwellMs = 3000;

export interface KmsPace {
  wellMs: number;
  unwellMs: number;
}

/** Asks a service again and again until it is stopped, and calls `well` each time that it is. */
export function watchKms(provider: KmsProvider, well: () => void, pace: KmsPace = { wellMs, unwellMs }): () => void {
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  const wait = () => {
    if (isOver) return;
    timer = setTimeout(() => void look(), provider.fault === undefined ? pace.wellMs : pace.unwellMs);
    timer.unref();
  };
  const look = async () => {
    await provider.check();
    if (!isOver && provider.fault === undefined) well();
    wait();
  };
  wait();
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}
