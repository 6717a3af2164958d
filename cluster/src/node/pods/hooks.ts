import { setTimeout as delay } from 'node:timers/promises';
import type { Container } from '@berth/kube/objects';
import { check, type ProbeTarget } from '../probes/index.ts';

type Handler = NonNullable<NonNullable<Container['lifecycle']>['preStop']>;

/** Runs a lifecycle hook. Answers why it failed, or nothing. `seconds` bounds it. */
export async function runHook(handler: Handler, target: ProbeTarget, seconds: number): Promise<string | undefined> {
  if (handler.sleep) {
    await delay(Math.min(Number(handler.sleep.seconds), seconds) * 1000);
    return undefined;
  }
  const result = await check(handler, target, seconds);
  return result.outcome === 'success' ? undefined : result.message;
}
