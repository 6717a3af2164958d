import { type Connection, connect, openKubeconfig } from '@berth/kube/client';

/** Where events are sent, and in whose name: as kube-apiserver's `--audit-webhook-config-file` has it. */
export interface Collector {
  /** Sends events, each whole JSON, as an EventList of `audit.k8s.io/v1`. */
  post(events: readonly Buffer[]): Promise<void>;
  close(): Promise<void>;
}

/** Milliseconds in which a batch must be taken. */
const timeout = 30_000;

/** Opens what a kubeconfig file names; nothing is sent yet. Rejects with `BadRequest` that says what is wrong with it. */
export async function openCollector(kubeconfig: string): Promise<Collector> {
  const { server, credentials } = await openKubeconfig(kubeconfig);
  const connection: Connection = connect({ server, credentials, userAgent: 'berth', timeout });
  // The path is the address's own.
  const path = new URL(server).pathname === '/' ? '/' : '';
  return {
    async post(events) {
      const items = events.map((event) => JSON.parse(event.toString()) as unknown);
      const body = { kind: 'EventList', apiVersion: 'audit.k8s.io/v1', metadata: {}, items };
      const answer = await connection.send({ method: 'POST', path, body });
      await answer.body.dump();
    },
    close: () => connection.close(),
  };
}
