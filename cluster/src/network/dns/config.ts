/** What the DNS process is told, as one JSON file; its path is the process's only argument. */
export interface DnsConfig {
  /** Of the program and this configuration: a process of another version is replaced. */
  version: string;
  /** `cluster.local`. */
  domain: string;
  /** The instance's 10.N.0.0/16, whose reverse names are answered. */
  range: string;
  listen: { address: string; port: number };
  /** The directory of the records: one file `NAMESPACE.json` each, replaced by renaming. */
  records: string;
  resolvConf: string;
  /** Instead of the resolvers in `resolvConf`. */
  upstreams?: { address: string; port: number }[];
  /** Addresses that must never be asked, since they are the process itself. */
  avoid: string[];
  /** Where the process writes a `DnsState` once it answers. */
  state: string;
}

export interface DnsState {
  pid: number;
  /** Clock ticks since boot, from `/proc/PID/stat`: with the pid it names one process for good. */
  startTime: string;
  version: string;
}
