import { createHash } from 'node:crypto';
import type { Container } from '@berth/kube/objects';

/** What of a container's definition, when changed, makes a new container: its name and image (KEP-2273). */
export function containerHash(container: Container): string {
  return createHash('sha256')
    .update(JSON.stringify([container.name, container.image ?? '']))
    .digest('hex')
    .slice(0, 8);
}
