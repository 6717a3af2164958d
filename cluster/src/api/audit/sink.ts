/** JSON as text or as the bytes that are there already, in parts. */
export type Json = string | readonly Buffer[];

/** An event on its way out: JSON in parts, whose bodies are put in their place, and shortened, once the request is answered. */
export interface EventText {
  /** Begins the object, ends before `requestObject`, with a comma. */
  head: string;
  request: Json | undefined;
  response: Json | undefined;
  /** Ends within `annotations`, before its closing brace: after `{` or after a comma. */
  tail: string;
  /** Whether `metadata.managedFields` of the bodies is left out. */
  omitManagedFields: boolean;
}

/** Where events go. Takes them at once; what it cannot keep it counts. */
export interface AuditSink {
  /** Events that could not be kept, by who should have kept them. */
  readonly lost: Readonly<Record<string, number>>;
  write(event: EventText): void;
  /** Resolves when everything is out that was written. */
  close(): Promise<void>;
}
