import { type Fields, parts, text } from '../fields.ts';

export interface LocatedContainer {
  container: Fields;
  path: string;
}

interface Port {
  path: string;
  hostIP: string;
  hostPort: number;
}

/** Ports of a pod's containers that are the same, or that cannot be told apart; then those with the same name. */
export function portWarnings(containers: readonly LocatedContainer[]): string[] {
  const all = containers.flatMap(({ container, path }) =>
    parts(container, 'ports').map((port, index) => ({ port, path: `${path}.ports[${index}]` })),
  );
  const warnings: string[] = [];
  const byNumber = new Map<string, Port[]>();
  for (const { port, path } of all) {
    const own: Port = { path, hostIP: text(port, 'hostIP') ?? '', hostPort: numberOf(port, 'hostPort') };
    if (own.hostIP !== '' && own.hostPort === 0) warnings.push(`${path}: hostIP set without hostPort: ${shown(port)}`);
    const key = `${numberOf(port, 'containerPort')}/${text(port, 'protocol') ?? ''}`;
    const others = byNumber.get(key) ?? [];
    for (const other of others) {
      const how = overlap(own, other);
      if (how !== undefined) warnings.push(`${path}: ${how} port definition with ${other.path}`);
    }
    byNumber.set(key, [...others, own]);
  }
  const byName = new Map<string, string>();
  for (const { port, path } of all) {
    const name = text(port, 'name') ?? '';
    const other = byName.get(name);
    if (name === '') continue;
    if (other === undefined) byName.set(name, path);
    else {
      const said = `duplicate port name ${JSON.stringify(name)} with ${other}`;
      warnings.push(`${path}: ${said}, services and probes that select ports by name will use ${other}`);
    }
  }
  return warnings;
}

function overlap(a: Port, b: Port): string | undefined {
  if (a.hostIP === b.hostIP && a.hostPort === b.hostPort) return 'duplicate';
  if (a.hostPort === 0 || b.hostPort === 0) return 'overlapping';
  return a.hostPort === b.hostPort && (a.hostIP === '' || b.hostIP === '') ? 'dangerously ambiguous' : undefined;
}

/** A port as Go prints it. */
function shown(port: Fields): string {
  const field = (name: string) => text(port, name) ?? '';
  return `{Name:${field('name')} HostPort:${numberOf(port, 'hostPort')} ContainerPort:${numberOf(port, 'containerPort')} Protocol:${field('protocol')} HostIP:${field('hostIP')}}`;
}

function numberOf(port: Fields, field: string): number {
  const value = port[field];
  return typeof value === 'number' ? value : 0;
}
