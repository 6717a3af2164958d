import type { KubeObject } from '@berth/kube/objects';
import { useMemo } from 'react';
import type { Snapshot } from '../../api/watch/cache.ts';
import { useWatch } from '../../api/watch/use-watch.ts';
import type { Health } from '../../kinds/health.ts';
import { nodeHealth } from '../../kinds/node-health.ts';
import { podHealth } from '../../kinds/pod-health.ts';
import { kinds } from '../../kinds/resources.ts';
import {
  daemonSetHealth,
  deploymentHealth,
  jobHealth,
  replicaSetHealth,
  statefulSetHealth,
} from '../../kinds/workload-health.ts';
import { changesOf, type Judged, needsOf, tally } from './summary.ts';

const manyChanges = 40;

function judge<T extends KubeObject>(snapshot: Snapshot<T>, health: (object: T) => Health): Judged<T>[] {
  return snapshot.objects.map((object) => ({ object, health: health(object) }));
}

/** All that the overview says, from the live state of the cluster or of one namespace. */
export function useOverview(namespace: string | undefined) {
  const scope = { namespace };
  const nodes = useWatch(kinds.nodes);
  const pods = useWatch(kinds.pods, scope);
  const deployments = useWatch(kinds.deployments, scope);
  const replicaSets = useWatch(kinds.replicasets, scope);
  const statefulSets = useWatch(kinds.statefulsets, scope);
  const daemonSets = useWatch(kinds.daemonsets, scope);
  const jobs = useWatch(kinds.jobs, scope);
  const services = useWatch(kinds.services, scope);
  const events = useWatch(kinds.events, scope);
  const watches = {
    nodes,
    pods,
    deployments,
    replicasets: replicaSets,
    statefulsets: statefulSets,
    daemonsets: daemonSets,
    jobs,
  };
  const judged = useMemo(() => {
    const workloads: Judged[] = [
      ...judge(deployments, deploymentHealth),
      ...judge(statefulSets, statefulSetHealth),
      ...judge(daemonSets, daemonSetHealth),
    ];
    return {
      nodes: judge(nodes, nodeHealth),
      pods: judge(pods, podHealth),
      workloads,
      jobs: judge(jobs, jobHealth),
      replicaSets: judge(replicaSets, replicaSetHealth),
    };
  }, [nodes, pods, deployments, statefulSets, daemonSets, jobs, replicaSets]);
  const needs = useMemo(() => {
    const sets = judged.replicaSets.map((one) => ({
      ...one,
      health: { level: 'ok', word: 'status.running' } as Health,
    }));
    return needsOf(judged.pods, [...sets, ...judged.nodes, ...judged.workloads, ...judged.jobs]);
  }, [judged]);
  const changes = useMemo(
    () =>
      changesOf(
        {
          created: [...deployments.objects, ...statefulSets.objects, ...daemonSets.objects, ...services.objects],
          replicaSets: replicaSets.objects,
          pods: pods.objects,
          nodes: nodes.objects,
          jobs: judged.jobs,
        },
        manyChanges,
      ),
    [deployments, statefulSets, daemonSets, services, replicaSets, pods, nodes, judged],
  );
  const states = Object.entries(watches);
  return {
    /** Every watch has said what there is, or that it may not. */
    settled: states.every(([, watch]) => watch.complete || watch.phase === 'refused'),
    refused: states.filter(([, watch]) => watch.phase === 'refused' && watch.error?.code !== 404).map(([name]) => name),
    tallies: {
      nodes: tally(judged.nodes),
      workloads: tally(judged.workloads),
      pods: tally(judged.pods),
      jobs: tally(judged.jobs),
    },
    needs,
    changes,
    events: events.objects,
  };
}
