import { byPath, column, describeKinds, wide } from './describe.ts';

/** `events.k8s.io/v1`: the same objects as the core group's events, in the newer shape. */
export const events = describeKinds({ group: 'events.k8s.io', version: 'v1', definitions: 'io.k8s.api.events.v1' }, [
  {
    kind: 'Event',
    resource: 'events',
    createdByUpdate: true,
    shortNames: ['ev'],
    fieldSelectors: byPath(
      'regarding.kind',
      'regarding.namespace',
      'regarding.name',
      'regarding.uid',
      'regarding.apiVersion',
      'regarding.resourceVersion',
      'regarding.fieldPath',
      'reason',
      'reportingController',
      'type',
    ),
    columns: [
      column('Last Seen'),
      column('Type', '.type'),
      column('Reason', '.reason'),
      column('Object'),
      wide('Subobject', '.regarding.fieldPath'),
      wide('Source'),
      column('Message', '.note'),
      wide('First Seen'),
      wide('Count'),
      { ...wide('Name', '.metadata.name'), format: 'name' },
    ],
  },
]);
