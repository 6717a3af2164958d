import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Berth, startMetered, until } from './harness/index.ts';

/** HorizontalPodAutoscalers by what real containers use and what simulated ones are said to. */
describe('autoscaling', () => {
  let berth: Berth;

  beforeAll(async () => {
    berth = await startMetered();
  });
  afterAll(() => berth?.[Symbol.asyncDispose]());

  const replicas = async (name: string) =>
    Number(await berth.kubectl('get', 'deployment', name, '-o', 'jsonpath={.spec.replicas}'));

  it('autoscalers scale out what is busy and in what is calm, real or simulated', async () => {
    const autoscalers = ['busy', 'pretends'].map(autoscaler).join('---');
    expect((await berth.tryKubectl(['apply', '-f', '-'], autoscalers)).stderr).toBe('');
    for (const name of ['busy', 'pretends']) {
      await until(`${name} is scaled out`, async () => (await replicas(name)) === 3, 240_000);
    }
    for (const name of ['busy', 'pretends']) {
      await berth.kubectl('rollout', 'status', `deployment/${name}`, '--timeout=90s');
      const hpa = JSON.parse(await berth.kubectl('get', 'hpa', name, '-o', 'json'));
      expect(hpa.status.conditions.find((one: { type: string }) => one.type === 'ScalingActive')).toMatchObject({
        status: 'True',
        reason: 'ValidMetricFound',
      });
    }
    const pods = (await berth.kubectl('get', 'pod', '-l', 'app=busy', '-o', 'name')).trim().split('\n');
    for (const pod of pods) await berth.kubectl('exec', pod, '--', 'touch', '/tmp/calm');
    await berth.kubectl('annotate', 'pod', '-l', 'app=pretends', '--overwrite', 'berth.dev/simulated-cpu=0');
    for (const name of ['busy', 'pretends']) {
      await until(`${name} is scaled in`, async () => (await replicas(name)) === 1, 240_000);
    }
    expect(await berth.kubectl('get', 'events', '--field-selector', 'reason=SuccessfulRescale')).toMatch(
      /New size: 3; reason: cpu resource utilization \(percentage of request\) above target/,
    );
  }, 600_000);
});

const autoscaler = (name: string) => `
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: ${name} }
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: ${name} }
  minReplicas: 1
  maxReplicas: 3
  metrics:
    - type: Resource
      resource: { name: cpu, target: { type: Utilization, averageUtilization: 50 } }
  behavior:
    scaleDown: { stabilizationWindowSeconds: 0 }
`;
