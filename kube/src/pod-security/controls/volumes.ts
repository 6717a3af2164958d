import { type Control, plural, quoted, sorted } from '../control.ts';
import { hostPathVolumes, uses } from './host.ts';

/** What belongs to the pod or to the cluster, and is no path to a machine or a server of the pod's own choice. */
const harmless = new Set([
  ...['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'image', 'persistentVolumeClaim', 'projected'],
  'secret',
]);

export const restrictedVolumes: Control = {
  id: 'restrictedVolumes',
  level: 'restricted',
  versions: [
    {
      since: 0,
      insteadOf: [hostPathVolumes.id],
      judge({ spec }) {
        const sources = (spec?.volumes ?? []).map(({ name, ...source }) => ({
          name,
          types: Object.entries(source).flatMap(([type, value]) => (value ? [type] : [])),
        }));
        const restricted = sources.filter(({ types }) => !types.some((type) => harmless.has(type)));
        if (restricted.length === 0) return undefined;
        const types = sorted(restricted.map(({ types: [type = 'unknown'] }) => type));
        const names = restricted.map(({ name }) => name);
        const what = plural('restricted volume type', types.length);
        return { reason: 'restricted volume types', detail: `${uses('volume', names)} ${what} ${quoted(types)}` };
      },
    },
  ],
};
