import { conversions } from './conversions.ts';
import { library, type Overload } from './declare.ts';
import { operators } from './operators.ts';
import { optionals } from './optionals.ts';
import { text } from './text.ts';
import { time } from './time.ts';

/** Every function that expressions of Kubernetes v1.35 may call, by name. */
export const functions: ReadonlyMap<string, readonly Overload[]> = library([
  ...operators,
  ...conversions,
  ...text,
  ...time,
  ...optionals,
]);
