import { apiVersionOf, type KubeObject } from '../../objects/index.ts';
import type { Fields } from '../fields.ts';
import { kindForObject } from '../kinds/lookup.ts';
import type { KindDescription } from '../types.ts';
import { autoscalerFromV1, autoscalerToV1 } from './autoscalers.ts';
import { eventFromCore, eventToCore } from './events.ts';

/** Kinds that are another kind's objects in a different shape, and that kind. */
const storedElsewhere: Readonly<Record<string, readonly [apiVersion: string, kind: string]>> = {
  'autoscaling/v1/HorizontalPodAutoscaler': ['autoscaling/v2', 'HorizontalPodAutoscaler'],
  'events.k8s.io/v1/Event': ['v1', 'Event'],
};

const conversions: Readonly<Record<string, (object: Fields) => Fields>> = {
  'autoscaling/v1 autoscaling/v2': autoscalerFromV1,
  'autoscaling/v2 autoscaling/v1': autoscalerToV1,
  'events.k8s.io/v1 v1': eventToCore,
  'v1 events.k8s.io/v1': eventFromCore,
};

/** The kind whose objects are stored for this one: itself, except for the older shapes of autoscalers and events. */
export function storedAs(kind: KindDescription): KindDescription {
  const elsewhere = storedElsewhere[`${apiVersionOf(kind)}/${kind.kind}`];
  return (elsewhere && kindForObject(...elsewhere)) ?? kind;
}

/**
 * The object in the shape of another version of its kind (`autoscaling/v1` and `v2`, core and `events.k8s.io` events);
 * the object itself when it has that shape already. Nothing is lost on the way there and back; the input is not changed.
 */
export function convertObject(object: KubeObject, to: KindDescription): KubeObject {
  const apiVersion = apiVersionOf(to);
  const convert = conversions[`${object.apiVersion} ${apiVersion}`];
  if (object.apiVersion === apiVersion || convert === undefined) return object;
  return { ...convert(object), apiVersion, kind: to.kind } as KubeObject;
}
