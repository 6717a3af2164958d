import type { Answer, Call } from '../call.ts';
import { methodNotAllowed } from '../faults.ts';
import type { Machinery } from '../machinery.ts';

export type Handler = (machinery: Machinery, call: Call) => Promise<Answer>;

/** What subresources and questions do: by `group/resource/subresource`, or `group/resource` for kinds that are not stored. */
export class Subresources {
  readonly #handlers: ReadonlyMap<string, Handler>;
  readonly #generic: ReadonlyMap<string, Handler>;

  constructor(handlers: ReadonlyMap<string, Handler>, generic: ReadonlyMap<string, Handler>) {
    this.#handlers = handlers;
    this.#generic = generic;
  }

  async run(machinery: Machinery, call: Call): Promise<Answer> {
    const { group, resource } = call.kind.description;
    const name = call.subresource?.name ?? '';
    const handler = this.#handlers.get(`${group}/${resource}/${name}`) ?? this.#generic.get(name);
    const verbs: readonly string[] = call.subresource?.verbs ?? [];
    if (!handler || !verbs.includes(call.verb)) throw methodNotAllowed();
    return await handler(machinery, call);
  }

  reviewOf(call: Call): Handler | undefined {
    const { group, resource } = call.kind.description;
    return call.verb === 'create' && !call.subresource ? this.#handlers.get(`${group}/${resource}`) : undefined;
  }
}
