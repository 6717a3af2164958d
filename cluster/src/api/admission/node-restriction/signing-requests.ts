import { nodeUser } from '../../authorization/node/index.ts';
import type { AdmissionRequest } from '../admission.ts';
import { refuse } from './refuse.ts';

const ownSigners = ['kubernetes.io/kubelet-serving', 'kubernetes.io/kube-apiserver-client-kubelet'];

/** Of the signers that sign for nodes a node asks in its own name. */
export async function checkSigningRequest(node: string, request: AdmissionRequest): Promise<void> {
  const { signerName = '', request: text = '' } = (request.object.spec ?? {}) as Record<string, string>;
  if (request.operation !== 'CREATE' || !ownSigners.includes(signerName)) return;
  const { name } = nodeUser(node);
  let commonName: string;
  try {
    const { readRequest } = await import('../../certificates/issue.ts');
    ({ commonName } = await readRequest(Buffer.from(text, 'base64').toString()));
  } catch (error) {
    refuse(request, `unable to parse csr: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (commonName !== name) refuse(request, `can only create a node CSR with CN=${name}`);
}
