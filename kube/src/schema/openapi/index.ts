export type { Describe } from './components.ts';
export { modelDescriptions } from './descriptions.ts';
export {
  type OpenApiSource,
  type OpenApiV2,
  type OpenApiV3,
  openApiV2,
  openApiV3,
  openApiV3Paths,
} from './documents.ts';
