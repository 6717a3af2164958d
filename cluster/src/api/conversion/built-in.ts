import { type KindDescription, kinds } from '@berth/kube/schema';
import { type ServedKind, servedKind } from '../kinds.ts';
import { autoscalerToV1, autoscalerToV2 } from './autoscalers.ts';
import { type Conversion, convertEach } from './conversion.ts';
import { eventFromCore, eventToCore } from './events.ts';

interface Converted {
  conversion: Conversion;
  storedAs: { group: string; resource: string };
}

/** The built-in kinds of which two versions are served and one is kept, by the one that is converted. */
const converted: Readonly<Record<string, Converted>> = {
  'events.k8s.io/v1/events': {
    conversion: convertEach(eventToCore, eventFromCore),
    storedAs: { group: '', resource: 'events' },
  },
  'autoscaling/v1/horizontalpodautoscalers': {
    conversion: convertEach(autoscalerToV2, autoscalerToV1),
    storedAs: { group: 'autoscaling', resource: 'horizontalpodautoscalers' },
  },
};

/** Every built-in kind as it is served. */
export function builtInKinds(): ServedKind[] {
  return kinds.map((kind) => servedKind(kind, converted[keyOf(kind)]));
}

function keyOf({ group, version, resource }: KindDescription): string {
  return `${group}/${version}/${resource}`;
}
