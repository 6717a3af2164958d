import type { Answer, Call } from '../call.ts';
import { badRequest, methodNotAllowed } from '../faults.ts';
import type { Machinery } from '../machinery.ts';
import { find } from '../verbs/get.ts';

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
    if (!handler) return await unconnected(machinery, call);
    return await handler(machinery, call);
  }

  checkVerb({ subresource, verb }: Call): void {
    const verbs: readonly string[] = subresource?.verbs ?? [];
    if (!verbs.includes(verb)) throw methodNotAllowed();
  }

  reviewOf(call: Call): Handler | undefined {
    const { group, resource } = call.kind.description;
    return call.verb === 'create' && !call.subresource ? this.#handlers.get(`${group}/${resource}`) : undefined;
  }
}

/** What is a connection (exec, attach, port-forward) and came as a plain request. */
async function unconnected(machinery: Machinery, call: Call): Promise<never> {
  if (call.subresource?.connect !== true) throw methodNotAllowed();
  await find(machinery, { ...call, options: new Map() });
  throw badRequest('Upgrade request required');
}
