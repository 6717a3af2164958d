import { isTolerated } from '@berth/kube/selectors';
import { termMatcher } from '../node-selectors.ts';
import type { Score } from '../types.ts';

export const preferredTaints: Score = {
  name: 'TaintToleration',
  weight: 3,
  prepare({ pod }) {
    const tolerations = (pod.spec?.tolerations ?? []).filter(({ effect }) => !effect || effect === 'PreferNoSchedule');
    return {
      normalize: 'lowest',
      score({ node }) {
        const taints = node.spec?.taints;
        if (!taints) return 0;
        return taints.filter((taint) => taint.effect === 'PreferNoSchedule' && !isTolerated(taint, tolerations)).length;
      },
    };
  },
};

export const preferredNodes: Score = {
  name: 'NodeAffinity',
  weight: 2,
  prepare({ pod }) {
    const preferred = pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    if (preferred.length === 0) return undefined;
    const terms = preferred.map(({ weight, preference }) => ({ weight, matches: termMatcher(preference) }));
    return {
      normalize: 'highest',
      score: ({ node }) => terms.reduce((sum, { weight, matches }) => sum + (matches(node) ? weight : 0), 0),
    };
  },
};

/** From 23 MB on an image that is there counts, at 1 GB a container in full, as in Kubernetes. */
const smallestImage = 23 * 1024 * 1024;
const largestImage = 1000 * 1024 * 1024;

/** Images that are there already, the more so the more nodes have them: else all pods of an image would go to its first node. */
export const imageLocality: Score = {
  name: 'ImageLocality',
  weight: 1,
  prepare({ pod }, snapshot) {
    const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
    const nodes = snapshot.nodes.length;
    const wanted = containers
      .map(({ image = '' }) => nameWithTag(image))
      .map((name) => ({ name, share: snapshot.imageSpread(name) / nodes }));
    // No node has any of them.
    if (wanted.every(({ share }) => share === 0)) return undefined;
    const most = largestImage * wanted.length;
    return {
      score({ images }) {
        if (images.size === 0) return 0;
        const there = wanted.reduce((sum, { name, share }) => sum + Math.trunc((images.get(name) ?? 0) * share), 0);
        const counted = Math.max(smallestImage, Math.min(there, most)) - smallestImage;
        return Math.trunc((100 * counted) / (most - smallestImage));
      },
    };
  },
};

function nameWithTag(image: string): string {
  return image.lastIndexOf(':') > image.lastIndexOf('/') ? image : `${image}:latest`;
}
