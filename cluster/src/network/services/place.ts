import { readFile, writeFile } from 'node:fs/promises';
import { run } from './nft.ts';

/** A network namespace as one works in it: with programs, and with the kernel's files about it. */
export interface Place {
  run: typeof run;
  read(file: string): Promise<string>;
  write(file: string, text: string): Promise<void>;
}

/** The namespace of this process. */
export const here: Place = { run, read: (file) => readFile(file, 'utf8'), write: writeFile };

/** Another one, by the path of its file. */
export function inside(namespace: string): Place {
  const enter: typeof run = (program, args, input) =>
    run('nsenter', [`--net=${namespace}`, '--', program, ...args], input);
  return {
    run: enter,
    read: (file) => enter('cat', [file]),
    write: async (file, text) => {
      await enter('tee', [file], text);
    },
  };
}
