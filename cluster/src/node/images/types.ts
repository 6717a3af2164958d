/** One path of a layer. `path` is absolute in the image ('/app/main.ts'); missing parents are added as 0755 root. */
export type ImageEntry = FileEntry | DirectoryEntry | SymlinkEntry;

interface Ownership {
  readonly path: string;
  /** Numeric owner and group in the image; 0 when left out. */
  readonly uid?: number;
  readonly gid?: number;
}

export interface FileEntry extends Ownership {
  readonly type: 'file';
  /** Permission bits; 0o644 when left out. */
  readonly mode?: number;
  /** What stands in it: the bytes (a string is UTF-8), or the file of this machine to copy from (links are followed). */
  readonly content: Uint8Array | string | { readonly source: string };
}

export interface DirectoryEntry extends Ownership {
  readonly type: 'directory';
  /** Permission bits; 0o755 when left out. */
  readonly mode?: number;
}

export interface SymlinkEntry extends Ownership {
  readonly type: 'symlink';
  readonly target: string;
}

/** How a container of the image runs, in the words of a Dockerfile; each may be overridden by the pod. */
export interface ImageConfig {
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** 'uid', 'uid:gid' or names that the image's /etc/passwd has. Kubernetes' runAsNonRoot asks for numbers. */
  readonly user?: string;
  readonly workingDir?: string;
  /** '8080/tcp' and the like; documentation only. */
  readonly exposedPorts?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
}

export type Architecture = 'amd64' | 'arm64';

/** Everything an image is made of, as plain data. */
export interface ImageDescription {
  /** The full name with a tag, 'berth.local/shop:1'. */
  readonly reference: string;
  readonly architecture: Architecture;
  /** Bottom first. What images share should be a layer of its own: equal layers are stored once. */
  readonly layers: readonly (readonly ImageEntry[])[];
  readonly config?: ImageConfig;
}

export interface BuildOptions {
  /** The archive to write; replaced when it is there. */
  readonly output: string;
  /** 'none' (default) for a runtime on this machine; 'gzip' to send it elsewhere. */
  readonly compression?: 'none' | 'gzip';
}

export interface BuiltImage {
  readonly reference: string;
  /** The archive, an OCI image layout in a tar file (also readable as a docker-archive). */
  readonly path: string;
  /** 'sha256:…' of the manifest and of the config; the latter is the image id that CRI reports. */
  readonly manifestDigest: string;
  readonly configDigest: string;
}
