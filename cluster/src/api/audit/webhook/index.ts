/** Audit events on their way to a collector elsewhere. */
export { shippingTo } from './collector.ts';
export { Shipping, type ShippingLimits, type ShippingNews } from './shipping.ts';
