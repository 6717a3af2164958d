import type { AdmissionPlugin } from './admission.ts';

const fields = ['username', 'uid', 'groups', 'extra'] as const;

/** Who asks for a certificate is written down by the server, not by who asks. */
export const certificateRequestor: AdmissionPlugin = {
  name: 'CertificateRequestor',
  resources: ['certificates.k8s.io/certificatesigningrequests'],
  complete(request) {
    if (request.operation === 'DELETE') return;
    const spec = request.object.spec as Record<string, unknown> | undefined;
    if (!spec) return;
    const { user } = request.call;
    const asker = { username: user.name, uid: user.uid, groups: user.groups, extra: user.extra };
    const truth = request.operation === 'CREATE' ? asker : ((request.old?.spec ?? {}) as Record<string, unknown>);
    for (const field of fields) {
      const value = truth[field];
      if (value === undefined) delete spec[field];
      else spec[field] = structuredClone(value);
    }
  },
};
