import { goldenTests } from '@berth/kube/reconcile/golden';
import { describe } from 'vitest';
import { endpointSliceController, endpointsController } from './index.ts';

describe('slices of a service', () => goldenTests(`${import.meta.dirname}/golden/slices`, endpointSliceController));
describe('endpoints of a service', () => goldenTests(`${import.meta.dirname}/golden/legacy`, endpointsController));
