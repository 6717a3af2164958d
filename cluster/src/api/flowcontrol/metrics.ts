import type { FlowCounts, Refusal } from './counts.ts';
import type { FlowControl } from './flow-control.ts';
import type { Level } from './level.ts';

const prefix = 'apiserver_flowcontrol_';

const ofLevels: readonly (readonly [name: string, value: (level: Level) => number])[] = [
  ['nominal_limit_seats', ({ nominal }) => nominal],
  ['lower_limit_seats', ({ lower }) => lower],
  ['upper_limit_seats', ({ upper }) => upper],
  ['current_limit_seats', ({ current }) => current],
  ['target_seats', ({ target }) => target],
  ['demand_seats_high_watermark', ({ demand }) => demand.most],
  ['demand_seats_average', ({ demand }) => demand.average],
  ['demand_seats_stdev', ({ demand }) => demand.deviation],
  ['demand_seats_smoothed', ({ demand }) => demand.smoothed],
  ['current_r', ({ queues }) => queues.progress],
];

const ofFlows: readonly (readonly [name: string, type: string, value: (counts: FlowCounts) => number])[] = [
  ['dispatched_requests_total', 'counter', ({ dispatched }) => dispatched],
  ['request_dispatch_no_accommodation_total', 'counter', ({ postponed }) => postponed],
  ['current_inqueue_requests', 'gauge', ({ waiting }) => waiting],
  ['current_inqueue_seats', 'gauge', ({ seatsWaiting }) => seatsWaiting],
  ['current_executing_requests', 'gauge', ({ executing }) => executing],
  ['current_executing_seats', 'gauge', ({ seatsExecuting }) => seatsExecuting],
];

const histograms: readonly (readonly [
  name: string,
  lines: (counts: FlowCounts, name: string, labels: string) => string[],
])[] = [
  ['request_queue_length_after_enqueue', ({ lengths }, name, labels) => lengths.lines(name, labels)],
  [
    'request_wait_duration_seconds',
    ({ waited, waitedInVain }, name, labels) => [
      ...waited.lines(name, `${labels},execute="true"`),
      ...waitedInVain.lines(name, `${labels},execute="false"`),
    ],
  ],
  [
    'request_execution_seconds',
    ({ took, tookToBegin }, name, labels) => [
      ...took.lines(name, `${labels},type="regular"`),
      ...tookToBegin.lines(name, `${labels},type="watch"`),
    ],
  ],
  ['work_estimated_seats', ({ seats }, name, labels) => seats.lines(name, labels)],
];

/** What is counted of flow control, in Prometheus' text format, under kube-apiserver's names. */
export function flowMetrics(flows: FlowControl): string[] {
  const levels = [...flows.levels];
  const counts = [...flows.counts].map((of) => ({ of, labels: labelsOf(of) }));
  const refused = counts.flatMap(({ of, labels }) =>
    [...of.refused].map(([why, count]: [Refusal, number]) => ({ labels: `${labels},reason="${why}"`, count })),
  );
  return [
    ...ofLevels.flatMap(([name, value]) => [
      `# TYPE ${prefix}${name} gauge`,
      ...levels.map((level) => `${prefix}${name}{priority_level="${level.name}"} ${value(level)}`),
    ]),
    `# TYPE ${prefix}seat_fair_frac gauge`,
    `${prefix}seat_fair_frac ${flows.fairFraction}`,
    ...ofFlows.flatMap(([name, type, value]) => [
      `# TYPE ${prefix}${name} ${type}`,
      ...counts.map(({ of, labels }) => `${prefix}${name}{${labels}} ${value(of)}`),
    ]),
    `# TYPE ${prefix}rejected_requests_total counter`,
    ...refused.map(({ labels, count }) => `${prefix}rejected_requests_total{${labels}} ${count}`),
    ...histograms.flatMap(([name, lines]) => [
      `# TYPE ${prefix}${name} histogram`,
      ...counts
        // What nobody has asked for yet is not worth a page.
        .filter(({ of }) => of.dispatched > 0 || of.refused.size > 0)
        .flatMap(({ of, labels }) => lines(of, `${prefix}${name}`, labels)),
    ]),
  ];
}

function labelsOf({ level, schema }: FlowCounts): string {
  return `priority_level="${level}",flow_schema="${schema}"`;
}
