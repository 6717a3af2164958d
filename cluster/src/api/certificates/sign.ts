import { X509Certificate } from 'node:crypto';
import type { KeyPair, RequestedCertificate } from './issue.ts';

/** The cluster's authority, as those see it who let it sign. */
export interface CertificateSigner {
  /** Reads a request in PEM and checks that its key signed it. Throws an `Error` that says what is wrong with it. */
  read(request: string): Promise<RequestedCertificate>;
  /**
   * A certificate (PEM) of the request's name, alternative names and key for these usages (as `spec.usages` of a
   * CertificateSigningRequest has them), never of an authority. It ends with the authority at the latest.
   */
  sign(request: string, terms: { usages: readonly string[]; notBefore: Date; notAfter: Date }): Promise<string>;
}

/** Signs for an authority. The library is loaded when the first request is read. */
export function certificateSigner(authority: KeyPair): CertificateSigner {
  return {
    read: async (request) => (await import('./issue.ts')).readRequest(request),
    async sign(request, { usages, notBefore, notAfter }) {
      const last = new Date(new X509Certificate(authority.cert).validTo);
      if (notBefore >= last) throw new Error(`the signer has expired: NotAfter=${last.toISOString()}`);
      const { signRequest } = await import('./issue.ts');
      return signRequest(authority, request, { usages, notBefore, notAfter: notAfter < last ? notAfter : last });
    },
  };
}
