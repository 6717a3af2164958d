/** What Node is told when it runs the program: memory before speed, measured with `npm run bench -- --only api`. */
export const nodeFlags = [
  // What is young is mostly garbage: V8 would let it grow beyond 100 MiB before it looks.
  '--max-semi-space-size=8',
  // What is old may grow by half before it is looked through, not to the double and more. With 10,000 pods that is 80 MiB
  // less, for a processor time that is lost in the noise.
  '--heap-growing-percent=50',
];
