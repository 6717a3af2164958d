export { type LogLine, parseLogLine } from './line.ts';
export { type ReadOptions, readLog } from './read.ts';
export { type RotationPolicy, removeLog, rotateLog, usualRotation } from './rotate.ts';
