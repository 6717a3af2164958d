import type { FlowControl } from './flow-control.ts';
import type { Level } from './level.ts';
import type { Entry } from './queue-set.ts';
import type { Seat } from './seat.ts';

/** `dump_priority_levels`, `dump_queues` or `dump_requests` as a table with commas; undefined when it is none of them. */
export function dumpOf(flows: FlowControl, what: string, isDetailed: boolean): string | undefined {
  const levels = [...flows.levels].sort((a, b) => (a.name < b.name ? -1 : 1));
  const rows = rowsOf(what, levels, isDetailed);
  return rows && aligned(rows);
}

type Row = readonly (string | number | boolean)[];

function rowsOf(what: string, levels: readonly Level[], isDetailed: boolean): Row[] | undefined {
  if (what === 'dump_priority_levels') return [levelColumns, ...levels.map(levelRow)];
  if (what === 'dump_queues') return [queueColumns, ...levels.flatMap(queueRows)];
  if (what !== 'dump_requests') return undefined;
  const columns = isDetailed ? [...requestColumns, ...detailColumns] : requestColumns;
  return [columns, ...levels.flatMap((level) => requestRows(level, isDetailed))];
}

const levelColumns: Row = [
  ...['PriorityLevelName', 'ActiveQueues', 'IsIdle', 'IsQuiescing', 'WaitingRequests', 'ExecutingRequests'],
  ...['DispatchedRequests', 'RejectedRequests', 'TimedoutRequests', 'CancelledRequests'],
];

function levelRow({ name, queues, isQuiescing, totals }: Level): Row {
  const active = queues.queues.filter(({ waiting }) => waiting.length > 0).length;
  const { dispatched, refused, timedOut } = totals;
  // Kubernetes counts all whose time is over as cancelled.
  return [
    ...[name, active, queues.isIdle, isQuiescing, queues.waiting, queues.executing.size],
    ...[dispatched, refused, 0, timedOut],
  ];
}

const queueColumns: Row = [
  ...['PriorityLevelName', 'Index', 'PendingRequests', 'ExecutingRequests', 'SeatsInUse', 'NextDispatchR'],
  ...['InitialSeatsSum', 'MaxSeatsSum', 'TotalWorkSum'],
];

function queueRows({ name, queues }: Level): Row[] {
  return queues.queues.map((queue, index) => [
    ...[name, index, queue.waiting.length, queue.executing, queue.seatsInUse, seatSeconds(queue.nextDispatch)],
    ...[queue.seatsWaiting, queue.seatsWaiting, seatSeconds(queue.work)],
  ]);
}

const requestColumns: Row = [
  ...['PriorityLevelName', 'FlowSchemaName', 'QueueIndex', 'RequestIndexInQueue', 'FlowDistingsher', 'ArriveTime'],
  ...['InitialSeats', 'FinalSeats', 'AdditionalLatency', 'StartTime'],
];
const detailColumns: Row = [
  ...['UserName', 'Verb', 'APIPath', 'Namespace', 'Name', 'APIVersion', 'Resource', 'SubResource'],
];

function requestRows({ name, queues }: Level, isDetailed: boolean): Row[] {
  const row = (entry: Entry, queue: number, index: number): Row => {
    const { classified, digest, seats } = entry.request as Seat;
    const { user, verb, path, namespace, name: object, group, version, resource, subresource } = digest;
    const groupVersion = group === '' ? version : `${group}/${version}`;
    return [
      ...[name, classified.counts.schema, queue, index, classified.flow, timeOf(entry.arrivedAt)],
      ...[seats, 0, '0s', timeOf(entry.startedAt)],
      ...(isDetailed ? [user.name, verb, path, namespace, object, groupVersion, resource, subresource] : []),
    ];
  };
  const executing = [...queues.executing];
  return [
    ...queues.queues.flatMap((queue, at) => [
      ...queue.waiting.map((entry, index) => row(entry, at, index)),
      ...executing.filter((entry) => entry.queue === queue).map((entry) => row(entry, at, -1)),
    ]),
    ...executing.filter(({ queue }) => queue === undefined).map((entry) => row(entry, -1, -1)),
  ];
}

function seatSeconds(work: number): string {
  return `${(work / 1e8).toFixed(8)}ss`;
}

/** Of the clock's nanoseconds. */
function timeOf(nanoseconds: number | undefined): string {
  if (nanoseconds === undefined) return '0001-01-01T00:00:00Z';
  return new Date(performance.timeOrigin + nanoseconds / 1e6).toISOString();
}

/** As Go's `text/tabwriter` does with cells of at least eight characters. */
function aligned(rows: readonly Row[]): string {
  const cells = rows.map((row) => row.map((cell, at) => (at < row.length - 1 ? `${cell},` : String(cell))));
  const widths = (cells[0] ?? []).map((_, at) => Math.max(8, ...cells.map((row) => (row[at]?.length ?? 0) + 1)));
  const line = (row: string[]) => row.map((cell, at) => (at < row.length - 1 ? cell.padEnd(widths[at] ?? 0) : cell));
  return cells.map((row) => `${line(row).join('')}\n`).join('');
}
