import type { DefaultRoute, ResultOf } from './contract.ts'
import { aborted, UploadError } from './errors.ts'
import { MAX_RATIO_BEFORE_DONE, notify } from './progress.ts'
import type { FormFields, UploadOptions, UploadProgress, UploadRetry } from './types.ts'
import { upload } from './upload.ts'

export type ItemPhase = 'queued' | UploadProgress['phase'] | 'failed' | 'cancelled'

/** One file and its request. The helper updates the object in place. */
export interface UploadItem<Result = unknown> {
  readonly file: File
  readonly phase: ItemPhase
  /** Latest progress of the current attempt. */
  readonly progress?: UploadProgress
  /** Set while the item waits for its next attempt. */
  readonly retrying?: UploadRetry
  readonly result?: Result
  readonly error?: UploadError
  /** Cancels a queued or running item. No effect after the item has ended. */
  cancel(): void
  /** Queues a failed or cancelled item again. No effect in other phases. */
  retry(): void
}

export interface EachProgress<Result = unknown> {
  /** The item that changed. */
  item: UploadItem<Result>
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
  /** Form fields to send with each file. */
  fields?: FormFields | ((file: File) => FormFields) | undefined
  /** Called when an item makes progress or changes its phase. */
  onProgress?: ((progress: EachProgress<Result>) => void) | undefined
}

/** Resolves when every item has ended, failed ones included. Rejects only for a mistake in the page's own code. */
export interface Uploads<Result = unknown> extends Promise<EachSummary<Result>> {
  readonly items: readonly UploadItem<Result>[]
}

type Item<Result> = { -readonly [Name in keyof UploadItem<Result>]: UploadItem<Result>[Name] }

/**
 * Uploads each file in its own request, `concurrency` at a time. A failed file does not affect the others.
 *
 * @example
 * const { stored, failed } = await uploadEach('/upload', input.files, { concurrency: 2 })
 */
export function uploadEach<Route = DefaultRoute>(
  url: string | URL,
  files: Iterable<File>,
  options: UploadEachOptions<ResultOf<Route>> = {},
): Uploads<ResultOf<Route>> {
  type Result = ResultOf<Route>
  const { concurrency = 3, fields, onProgress, signal, ...rest } = options
  const items = Array.from(files, createItem)
  let active = 0
  let finish: (summary: EachSummary<Result>) => void
  let reject: (error: unknown) => void
  const finished = new Promise<EachSummary<Result>>((...settle) => {
    ;[finish, reject] = settle
  })

  function createItem(file: File): Item<Result> {
    const item: Item<Result> = {
      file,
      phase: 'queued',
      cancel() {
        if (item.phase === 'queued') update(item, { phase: 'cancelled', error: aborted(signal) })
      },
      retry() {
        if (!hasFailed(item)) return
        update(item, { phase: 'queued', error: undefined, progress: undefined })
        next()
      },
    }
    return item
  }

  function update(item: Item<Result>, change: Partial<Item<Result>>): void {
    Object.assign(item, change)
    notify(onProgress, { item, items, ...summarize(items) })
  }

  function next(): void {
    while (active < concurrency) {
      const item = items.find(({ phase }) => phase === 'queued')
      if (!item) break
      active++
      start(item).then(() => {
        active--
        next()
      })
    }
    if (active === 0) finish({ stored: items.filter(isDone), failed: items.filter(hasFailed) })
  }

  async function start(item: Item<Result>): Promise<void> {
    const controller = new AbortController()
    const { cancel } = item
    item.cancel = () => controller.abort()
    const outcome = await run(item, signal ? AbortSignal.any([signal, controller.signal]) : controller.signal)
    item.cancel = cancel
    update(item, { retrying: undefined, ...outcome })
  }

  async function run(item: Item<Result>, signal: AbortSignal): Promise<Partial<Item<Result>>> {
    item.phase = 'sending'
    try {
      const form = { files: item.file, fields: typeof fields === 'function' ? fields(item.file) : fields }
      const result = await upload<Route>(url, form, {
        ...rest,
        signal,
        onProgress(progress) {
          // The item reports `done` together with its result, when the promise resolves.
          if (progress.phase === 'done') item.progress = progress
          else update(item, { phase: progress.phase, progress, retrying: undefined })
        },
        onRetry: retrying => update(item, { phase: 'sending', retrying, progress: undefined }),
      })
      return { phase: 'done', result }
    } catch (error) {
      if (!(error instanceof UploadError)) reject(error)
      const { code } = error as UploadError
      return { phase: code === 'ABORTED' ? 'cancelled' : 'failed', error: error as UploadError }
    }
  }

  // Deferred, so that callbacks can already use the return value.
  queueMicrotask(next)
  return Object.assign(finished, { items })
}

function isDone({ phase }: UploadItem): boolean {
  return phase === 'done'
}

function hasFailed({ phase }: UploadItem): boolean {
  return phase === 'failed' || phase === 'cancelled'
}

function summarize(items: readonly UploadItem[]): Omit<EachProgress, 'item' | 'items'> {
  const counted = items.filter(item => !hasFailed(item))
  const sum = (value: (item: UploadItem) => number | undefined) =>
    counted.reduce((sum, item) => sum + (value(item) ?? 0), 0)
  const sent = sum(({ progress }) => progress?.sent)
  const total = sum(({ file }) => file.size)
  const rate = sum(({ progress }) => progress?.rate) || undefined
  return {
    sent,
    total,
    ratio:
      counted.length > 0 && counted.every(isDone) ? 1 : Math.min(MAX_RATIO_BEFORE_DONE, sent / total || 0),
    rate,
    secondsLeft: rate && (total - sent) / rate,
  }
}
