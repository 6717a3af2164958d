/** GET of an https address. */
export type Fetch = (url: string, options: { signal?: AbortSignal }) => Promise<Response>;

export interface IssuerPace {
  /** How long until an issuer that could not be had is asked again, and unknown keys are looked for again. */
  retryMs: number;
  /** How often keys are fetched anew. */
  renewMs: number;
}

export interface Pace extends IssuerPace {
  /** How often the file is looked at. */
  fileMs: number;
  /** How long the issuers of a changed file may take to answer before it does not count. */
  probationMs: number;
  probeMs: number;
}

/** Where an AuthenticationConfiguration is. */
export interface AuthenticationFile {
  file: string;
  /** How issuers are reached. Default: by HTTPS. */
  fetch?: Fetch;
  /** How often the file and the issuers are looked at. */
  pace?: Partial<Pace>;
}
