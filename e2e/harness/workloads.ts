import { type Berth, type BerthOptions, startBerth } from './berth.ts';
import type { ImageFile } from './images.ts';

export interface WorkloadsOptions extends BerthOptions {
  /** Are made, loaded and removed one after the other. */
  images: readonly (() => Promise<ImageFile>)[];
  /** The manifest of what is to be there. */
  objects: string;
  /** What must run before the tests begin: `deployment/web`, `pod/patient`. */
  ready: readonly string[];
}

/** A Berth with images and workloads in it that run. Nothing of it stays when one of the steps fails. */
export async function startWorkloads({ images, objects, ready, ...options }: WorkloadsOptions): Promise<Berth> {
  const berth = await startBerth(options);
  try {
    for (const make of images) await loadImage(berth, make);
    const { stderr } = await berth.tryKubectl(['apply', '-f', '-'], objects);
    if (stderr) throw new Error(`kubectl apply: ${stderr}`);
    for (const what of ready) {
      if (what.startsWith('pod/')) await berth.kubectl('wait', '--for=condition=Ready', what, '--timeout=90s');
      else await berth.kubectl('rollout', 'status', what, '--timeout=90s');
    }
    return berth;
  } catch (error) {
    await berth[Symbol.asyncDispose]();
    throw error;
  }
}

/** Loads an image that is made for it; fails with the program's own words. */
export async function loadImage(berth: Berth, make: () => Promise<ImageFile>): Promise<void> {
  using image = await make();
  const { stderr } = await berth.berth('image', 'load', image.path);
  if (stderr) throw new Error(`berth image load: ${stderr}`);
}
