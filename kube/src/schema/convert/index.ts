export { convertObject, storedAs } from './convert.ts';
