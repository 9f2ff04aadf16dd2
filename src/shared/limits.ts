/** Every limit of an upload, resolved from the options. Sizes are bytes, times are milliseconds. */
export interface Limits {
  readonly maxFileSize: number
  readonly maxFiles: number
  /** All files of a form together. */
  readonly maxTotalSize: number
  /** Fields that are not files. */
  readonly maxFields: number
  readonly maxFieldSize: number
  readonly maxFieldNameSize: number
  /** Names and values of all fields together. */
  readonly maxFieldsSize: number
  /** Form parts of any kind: follows from `maxFields` and `maxFiles`. */
  readonly maxParts: number
  /** The whole request, framing included: follows from the other limits. */
  readonly maxRequestSize: number
  /** S3 requests in flight for one upload. */
  readonly concurrency: number
  /** S3 requests in flight for one client. Undefined: most of the sockets of the client. */
  readonly maxS3Requests: number | undefined
  readonly idleTimeout: number
  /** Bytes per second, while other uploads wait for memory. 0: no minimum. */
  readonly minRate: number
  readonly storageTimeout: number
  readonly maxDrainSize: number
  readonly drainTimeout: number
}
