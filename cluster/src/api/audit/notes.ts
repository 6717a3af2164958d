/** What those who carry a request out tell its record. */
export interface AuditNotes {
  /** Whether bodies of requests are wanted. */
  readonly wantsRequest: boolean;
  /** Whether bodies of answers are wanted. */
  readonly wantsResponse: boolean;
  /** Adds what is worth knowing beside the request; what was said first stays. */
  annotate(key: string, value: string): void;
  /** What authorization decided; of two decisions the last one counts. */
  decided(decision: { allowed: boolean; reason: string }): void;
  /** The body of a request, decoded, and as the bytes that came if they are the same as JSON. Call before anything changes it. */
  sent(body: unknown, bytes?: Buffer): void;
  /** The body of an answer, as JSON. */
  answered(body: Buffer | readonly Buffer[]): void;
}
