/** What Node is told when it runs the program: memory before speed, measured with `npm run bench -- --only api`. */
export const nodeFlags = [
  // What is young is mostly garbage: V8 would let it grow beyond 100 MiB before it looks. With 8 MiB a fifth more processor time
  // goes into looking when thousands of pods come, for 40 MiB less (`npm run bench -- --only scale,api`).
  '--max-semi-space-size=32',
  // What is old may grow by half before it is looked through, not to the double and more. With 10,000 pods that is 80 MiB
  // less, for a processor time that is lost in the noise.
  '--heap-growing-percent=50',
];
