/** Which probe of which container, and how it went: the labels of kubelet's `prober_probe_total`. */
export interface ProbeLabels extends Record<string, string> {
  probe_type: 'Liveness' | 'Readiness' | 'Startup';
  result: 'successful' | 'failed' | 'unknown';
  container: string;
  pod: string;
  namespace: string;
  pod_uid: string;
}

/** How often probes of a node's pods went well and ill. */
export interface ProbeCounts {
  add(labels: ProbeLabels): void;
  /** A pod is gone, and what was counted of it. */
  forget(podUid: string): void;
  list(): { labels: ProbeLabels; value: number }[];
}

export function countProbes(): ProbeCounts {
  const pods = new Map<string, Map<string, { labels: ProbeLabels; value: number }>>();
  return {
    add(labels) {
      const counts = pods.get(labels.pod_uid) ?? new Map<string, { labels: ProbeLabels; value: number }>();
      pods.set(labels.pod_uid, counts);
      const key = `${labels.container} ${labels.probe_type} ${labels.result}`;
      const count = counts.get(key);
      if (count) count.value++;
      else counts.set(key, { labels, value: 1 });
    },
    forget: (podUid) => void pods.delete(podUid),
    list: () => [...pods.values()].flatMap((counts) => [...counts.values()]),
  };
}
