import type { Index } from '../client/cache.ts';
import type { Pod } from '../objects/index.ts';

/** Finds pods by the name of the node that they were given. */
export const byNode: Index<Pod> = { valuesOf: ({ spec }) => (spec?.nodeName ? [spec.nodeName] : []) };
