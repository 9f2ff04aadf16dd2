import type { UploadError } from './errors.ts'
import type { FormFields, UploadOptions, UploadProgress, UploadRetry } from './types.ts'

export type ItemPhase = 'queued' | UploadProgress['phase'] | 'failed' | 'cancelled'

/**
 * The state of one file and its request at one moment. Items never change: each change makes a new object, at the same
 * place of a new array, so that React's `memo` sees it. `file` and both functions stay the same.
 */
export interface UploadItem<Result = unknown> {
  readonly file: File
  readonly phase: ItemPhase
  /** Latest progress of the current attempt. */
  readonly progress?: UploadProgress | undefined
  /** Set while the item waits for its next attempt. */
  readonly retrying?: UploadRetry | undefined
  readonly result?: Result | undefined
  readonly error?: UploadError | undefined
  /** Cancels a queued or running item, also when called on an earlier object. No effect after the item has ended. */
  cancel(): void
  /**
   * Queues a failed or cancelled item again, also when called on an earlier object. No effect in other phases, and for a
   * file that exceeds a limit of the options.
   */
  retry(): void
}

export interface EachProgress<Result = unknown> {
  /** The item that changed, as it is now. */
  item: UploadItem<Result>
  /** All items as they are now, in the order of the files. */
  items: readonly UploadItem<Result>[]
  /** Bytes sent. Excludes failed and cancelled items. */
  sent: number
  /** Bytes of all files. Excludes failed and cancelled items. */
  total: number
  /** From 0 to 1. At most 0.99 until every file is stored. Excludes failed and cancelled items. */
  ratio: number
  /** Bytes per second, the sum of all running requests. */
  rate?: number
  /** Estimated seconds until all bytes are sent, at the current rate. */
  secondsLeft?: number
}

export interface EachSummary<Result = unknown> {
  stored: UploadItem<Result>[]
  /** Failed and cancelled items, each with its `error`. The code of a cancelled one is `ABORTED`. */
  failed: UploadItem<Result>[]
}

export interface UploadEachOptions<Result = unknown> extends Omit<UploadOptions, 'onProgress' | 'onRetry'> {
  /**
   * Maximum number of requests at once. Over HTTP/1.1 a browser opens six connections to a server, and the page needs
   * some of them.
   * @default 3
   */
  concurrency?: number | undefined
  /**
   * Maximum number of files of this call: the others fail with `TOO_MANY_FILES`. The server's own `maxFiles` counts the
   * files of one request, here always one.
   * @default none
   */
  maxFiles?: number | undefined
  /** Form fields to send with each file. */
  fields?: FormFields | ((file: File) => FormFields) | undefined
  /** Called when an item makes progress or changes its phase. */
  onProgress?: ((progress: EachProgress<Result>) => void) | undefined
}

/** Resolves when every item has ended, failed ones included. Rejects only for a mistake in the page's own code. */
export interface Uploads<Result = unknown> extends Promise<EachSummary<Result>> {
  /** All items as they are now: a new array after each change. */
  readonly items: readonly UploadItem<Result>[]
}
