import { claim, release, releaseAll } from '../addresses/claims.ts';
import { type Rules, splitElementId } from './rules.ts';

/** Where instances of this machine say which of the host's ports they lead to their pods. */
export const nodePortClaims = '/run/berth/node-ports';

/** A node port or host port that another instance of this machine has already. */
export interface PortConflict {
  owner: string;
  /** `tcp 30080`. */
  port: string;
}

/**
 * The host's ports belong to all instances of the machine, while each instance's API server knows only its own services.
 * The first instance that leads a port to its pods keeps it until it lets go; the others leave the port out of their rules.
 */
export class NodePortGate {
  readonly #directory: string;
  readonly #dataDir: string;
  /** The ports that each owner of rules has or waits for, as `tcp-30080`. */
  readonly #wanted = new Map<string, Map<string, 'ours' | 'taken'>>();

  constructor(dataDir: string, directory = nodePortClaims) {
    this.#dataDir = dataDir;
    this.#directory = directory;
  }

  /** Owners that wait for a port of another instance. */
  get waiting(): readonly string[] {
    return [...this.#wanted].flatMap(([owner, ports]) => ([...ports.values()].includes('taken') ? [owner] : []));
  }

  /** The rules without entrances that another instance has; ports that the owner no longer wants are given back. */
  async admit(
    owner: string,
    rules: Rules | undefined,
  ): Promise<{ rules: Rules | undefined; conflicts: PortConflict[] }> {
    const before = this.#wanted.get(owner);
    const conflicts: PortConflict[] = [];
    const now = new Map<string, 'ours' | 'taken'>();
    for (const id of rules?.elements.keys() ?? []) {
      const { set, key } = splitElementId(id);
      if (set !== 'nodeports') continue;
      const name = key.replace(' . ', '-');
      const known = before?.get(name);
      // When claims cannot be written (a full /run), serving the port is better than not.
      const ours = known === 'ours' || (await this.#claim(name).catch(() => true));
      now.set(name, ours ? 'ours' : 'taken');
      // Told once, however often it is tried again.
      if (!ours && known !== 'taken') conflicts.push({ owner, port: name.replace('-', ' ') });
    }
    if (now.size > 0) this.#wanted.set(owner, now);
    else this.#wanted.delete(owner);
    for (const [name, whose] of before ?? []) {
      if (whose === 'ours' && !now.has(name) && !this.#stillWanted(name)) {
        await release({ directory: this.#directory, name, owner: this.#dataDir });
      }
    }
    const taken = new Set([...now].flatMap(([name, whose]) => (whose === 'taken' ? [name.replace('-', ' . ')] : [])));
    return { rules: rules && taken.size > 0 ? without(rules, taken) : rules, conflicts };
  }

  #claim(name: string): Promise<boolean> {
    return claim({ directory: this.#directory, name, owner: this.#dataDir });
  }

  #stillWanted(name: string): boolean {
    return [...this.#wanted.values()].some((ports) => ports.has(name));
  }
}

/** Gives back all ports of an instance that is taken down. */
export function releaseNodePorts(dataDir: string, directory = nodePortClaims): Promise<void> {
  return releaseAll(directory, dataDir);
}

function without(rules: Rules, ports: ReadonlySet<string>): Rules {
  const elements = [...rules.elements].filter(([id]) => {
    const { set, key } = splitElementId(id);
    return !(set === 'nodeports' && ports.has(key));
  });
  return { ...rules, elements: new Map(elements) };
}
