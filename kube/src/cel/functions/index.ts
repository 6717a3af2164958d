import { authorizer } from './authorizer.ts';
import { conversions } from './conversions.ts';
import { library, type Overload } from './declare.ts';
import { namedFormats } from './formats.ts';
import { lists, sets } from './lists.ts';
import { mutation } from './mutation.ts';
import { network } from './network.ts';
import { operators } from './operators.ts';
import { optionals } from './optionals.ts';
import { quantities } from './quantity.ts';
import { versions } from './semver.ts';
import { strings } from './strings.ts';
import { text } from './text.ts';
import { time } from './time.ts';
import { urls } from './urls.ts';

/** Every function that expressions of Kubernetes v1.35 may call, by name. */
export const functions: ReadonlyMap<string, readonly Overload[]> = library([
  ...operators,
  ...conversions,
  ...text,
  ...time,
  ...optionals,
  ...strings,
  ...lists,
  ...sets,
  ...quantities,
  ...versions,
  ...network,
  ...urls,
  ...namedFormats,
  ...authorizer,
]);

/** Those that expressions which make patches may call besides. */
export const mutationFunctions: ReadonlyMap<string, readonly Overload[]> = new Map([
  ...functions,
  ...library(mutation),
]);
