import type { AdmissionRequest } from '../admission.ts';
import { shownName } from '../matching/matcher.ts';

/** As Kubernetes names what it refuses: by what there is to name it with. */
export function nameOf(request: AdmissionRequest): string {
  const { metadata } = request.operation === 'DELETE' ? { metadata: undefined } : request.object;
  return shownName(request) || metadata?.name || metadata?.generateName || 'Unknown';
}
