import type { Answer, Call, CallVerb } from '../call.ts';
import type { Machinery } from '../machinery.ts';
import { create } from './create.ts';
import { remove } from './delete.ts';
import { removeCollection } from './deletecollection.ts';
import { get } from './get.ts';
import { list } from './list.ts';
import { patch } from './patch.ts';
import { update } from './update.ts';
import { watch } from './watch.ts';

/** What each verb does, for every kind. */
export const verbs: Readonly<Record<CallVerb, (machinery: Machinery, call: Call) => Promise<Answer>>> = {
  get,
  list,
  watch,
  create,
  update,
  patch,
  delete: remove,
  deletecollection: removeCollection,
};
