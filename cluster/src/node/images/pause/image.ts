import type { Architecture, ImageDescription } from '../types.ts';
import { pauseProgram } from './program.ts';

export const pauseReference = 'berth.local/pause:1';

/** The image of every pod's sandbox container: one program of a few hundred bytes, made on the spot. */
export function pauseImage(architecture: Architecture): ImageDescription {
  return {
    reference: pauseReference,
    architecture,
    layers: [[{ type: 'file', path: '/pause', mode: 0o755, content: pauseProgram(architecture) }]],
    config: { entrypoint: ['/pause'], user: '65535:65535' },
  };
}
