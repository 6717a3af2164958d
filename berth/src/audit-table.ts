import type { FieldChange, Found } from '@berth/cluster/audit';

const heading = ['TIME', 'USER', 'VERB', 'OBJECT', 'FROM', 'CODE'];

/** Requests of the audit log as lines for a person, each with the fields that it changed below it. */
export function auditTable(found: readonly Found[]): string[] {
  const rows = found.map(({ event }) => rowOf(event).map(printable));
  const widths = heading.map((text, column) => {
    return rows.reduce((widest, row) => Math.max(widest, row[column]?.length ?? 0), text.length);
  });
  const line = (row: readonly string[]) => {
    const cells = row.map((text, column) => text.padEnd(widths[column] ?? 0));
    return cells.join('  ').trimEnd();
  };
  return [line(heading), ...found.flatMap(({ changes }, index) => [line(rows[index] ?? []), ...changeLines(changes)])];
}

function rowOf(event: Found['event']): string[] {
  const { user, impersonatedUser, objectRef, sourceIPs = [], responseStatus } = event;
  const sender = user.username ?? '<unknown>';
  return [
    event.requestReceivedTimestamp.replace(/\.\d+Z$/, 'Z'),
    impersonatedUser ? `${sender} as ${impersonatedUser.username}` : sender,
    event.verb,
    objectRef ? nameOf(objectRef) : event.requestURI,
    sourceIPs.join(',') || '-',
    String(responseStatus?.code ?? '-'),
  ];
}

/** `shop/deployments.apps/web/scale` */
function nameOf({
  namespace,
  resource,
  apiGroup,
  name,
  subresource,
}: NonNullable<Found['event']['objectRef']>): string {
  const kind = apiGroup === undefined ? resource : `${resource}.${apiGroup}`;
  return [namespace, kind, name, subresource].filter((part) => part !== undefined).join('/');
}

const mostShown = 20;

function changeLines(changes: readonly FieldChange[]): string[] {
  const shown = changes.slice(0, mostShown).map(({ field, from = '?', to }) => {
    const before = from === 'null' ? 'absent' : short(from);
    return printable(`    ${field}: ${before} → ${to === undefined ? 'removed' : short(to)}`);
  });
  return changes.length > mostShown ? [...shown, `    and ${changes.length - mostShown} more`] : shown;
}

function short(json: string): string {
  return json.length > 80 ? `${json.slice(0, 77)}…` : json;
}

/** Clients choose what stands in their requests, and must not choose what a terminal does. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '\uFFFD');
}
