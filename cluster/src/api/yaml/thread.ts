import { parentPort } from 'node:worker_threads';
import { type Conversion, convert } from './convert.ts';

/** Begins a thread that converts what it is sent, one text after the other. */
parentPort?.on('message', ({ conversion, text }: { conversion: Conversion; text: string }) => {
  try {
    parentPort?.postMessage({ converted: convert(conversion, text) });
  } catch (error) {
    parentPort?.postMessage({ problem: (error as Error).message });
  }
});
