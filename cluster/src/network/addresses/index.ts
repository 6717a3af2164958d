export { instanceOf } from './instance.ts';
export { contains, formatIpv4, formatRange, parseIpv4, parseRange } from './ipv4.ts';
export { readOccupied } from './occupied.ts';
export { type AddressPlan, maximumNodes, planAddresses, planNode } from './plan.ts';
export { chooseInstanceRange, type RangeOptions, releaseInstanceRange } from './range.ts';
