import type { KindRegistry } from '../kinds.ts';
import { autoscalerToV1, autoscalerToV2 } from './autoscalers.ts';
import { eventFromCore, eventToCore } from './events.ts';

/** The built-in kinds of which two versions are served and one is kept. */
export function convertBuiltIn(registry: KindRegistry): void {
  registry.convert(
    { group: 'events.k8s.io', version: 'v1', resource: 'events' },
    { group: '', version: 'v1', resource: 'events' },
    { toStorage: eventToCore, fromStorage: eventFromCore },
  );
  registry.convert(
    { group: 'autoscaling', version: 'v1', resource: 'horizontalpodautoscalers' },
    { group: 'autoscaling', version: 'v2', resource: 'horizontalpodautoscalers' },
    { toStorage: autoscalerToV2, fromStorage: autoscalerToV1 },
  );
}
