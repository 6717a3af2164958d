import type { ConfigMap, Deployment, KubeObject, Pod } from '../../objects/index.ts';
import type { KubeClient } from '../types.ts';

export interface ClientUnderTest {
  client: KubeClient;
  /** Exists, is empty (but for what the server itself puts there), and is the suite's own. */
  namespace: string;
  close?(): Promise<void>;
}

/** What the parts of the suite share. `underTest` answers once the factory has run: in hooks and tests. */
export interface Suite {
  underTest(): ClientUnderTest;
  objects: ReturnType<typeof objectsIn>;
}

const container = { name: 'main', image: 'example/main:1' };

/** Objects to write, in the suite's namespace. */
export function objectsIn(namespace: () => string) {
  return {
    configMap: (name: string, data: Record<string, string> = {}, labels = {}): ConfigMap => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace: namespace(), ...(Object.keys(labels).length ? { labels } : {}) },
      data,
    }),
    pod: (name: string): Pod => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: namespace() },
      spec: { containers: [container] },
    }),
    deployment: (name: string): Deployment => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace: namespace() },
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: name } },
        template: { metadata: { labels: { app: name } }, spec: { containers: [container] } },
      },
    }),
    key: (name: string) => ({ namespace: namespace(), name }),
  };
}

export function names(list: { items: KubeObject[] }): string[] {
  return list.items.map((item) => item.metadata.name);
}
