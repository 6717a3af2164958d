import { connect, openKubeconfig } from '@berth/kube/client';
import { Shipping, type ShippingNews } from './shipping.ts';

/** Milliseconds in which a batch must be taken. */
const timeout = 30_000;

/**
 * Sends events to what a kubeconfig file names, as kube-apiserver's `--audit-webhook-config-file` has it: each batch as an
 * EventList of `audit.k8s.io/v1`. Nothing is sent yet. Rejects with `BadRequest` that says what is wrong with the file.
 */
export async function shippingTo(kubeconfig: string, tell: (news: ShippingNews) => void): Promise<Shipping> {
  const { server, credentials } = await openKubeconfig(kubeconfig);
  const connection = connect({ server, credentials, userAgent: 'berth', timeout });
  // The path is the address's own.
  const path = new URL(server).pathname === '/' ? '/' : '';
  return new Shipping({
    tell,
    async post(events) {
      const items = events.map((event) => JSON.parse(event.toString()) as unknown);
      const body = { kind: 'EventList', apiVersion: 'audit.k8s.io/v1', metadata: {}, items };
      const answer = await connection.send({ method: 'POST', path, body });
      await answer.body.dump();
    },
    end: () => connection.close(),
  });
}
