/** Where in an S3 the blobs are, and how it is reached. */
export interface S3Place {
  readonly bucket: string;
  /** What the keys begin with, so that a bucket can hold more than this; may be empty. */
  readonly prefix: string;
  readonly region: string;
  /** Base URL of an S3 other than Amazon's. */
  readonly endpoint?: string;
  /** Base URL under which clients reach the same S3, where that differs; links that are given out begin with it. */
  readonly publicEndpoint?: string;
  /** Whether the bucket stands in the path or in the host's name. */
  readonly addressing: 'path' | 'virtual-host';
  /** Absent: the SDK's own chain (environment, files, web identity, the machine's role). */
  readonly key?: {
    readonly id: string;
    /** A file that holds the secret and nothing else; it is read again now and then, so that it can be changed. */
    readonly secretFile: string;
  };
}
