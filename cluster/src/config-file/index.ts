export { type ConfigFileKind, decodeConfigFile } from './decode.ts';
