export { type ImageGarbageSettings, usualImageGarbage } from './choose.ts';
export { createImageGarbage, type ImageGarbage } from './images.ts';
