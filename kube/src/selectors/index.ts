export {
  checkFieldSelector,
  type FieldRequirement,
  type FieldSelector,
  fieldMatcher,
  formatFieldSelector,
  parseFieldSelector,
  type SelectableFields,
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
