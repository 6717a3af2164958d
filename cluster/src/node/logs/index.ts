export { type LogLine, parseLogLine } from './line.ts';
export { type ReadOptions, readLog } from './read.ts';
export { rotateLog } from './rotate.ts';
