export { type ImageGarbageSettings, usualImageGarbage } from './choose.ts';
export { createImageGarbage } from './images.ts';
