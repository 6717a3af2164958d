export {
  addQuantities,
  bytes,
  bytesQuantity,
  canonicalQuantity,
  compareQuantities,
  cpuMillis,
  cpuQuantity,
  subtractQuantities,
} from './arithmetic.ts';
export {
  formatQuantity,
  isQuantity,
  parseQuantity,
  type Quantity,
  type QuantityFormat,
  type QuantityLike,
  quantityFormatMessage,
} from './quantity.ts';
