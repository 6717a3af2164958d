export {
  checkFieldSelector,
  type FieldRequirement,
  type FieldSelector,
  formatFieldSelector,
  matchesFields,
  parseFieldSelector,
} from './field-selector.ts';
export {
  formatLabelSelector,
  type LabelOperator,
  type LabelRequirement,
  type LabelSelector,
  type LabelSelectorObject,
  labelSelectorOf,
  matchesLabels,
  parseLabelSelector,
} from './label-selector.ts';
export { isTolerated, type Taint, type Toleration, tolerates } from './tolerations.ts';
