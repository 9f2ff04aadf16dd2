import type { DefaultRoute, ResultOf } from './contract.ts'
import { aborted, UploadError } from './errors.ts'
import { MOST_BEFORE_DONE, tell } from './progress.ts'
import type { FormFields, UploadOptions, UploadProgress, UploadRetry } from './types.ts'
import { upload } from './upload.ts'

export type ItemPhase = 'queued' | UploadProgress['phase'] | 'failed' | 'cancelled'

/** One file and its request. The object stays the same and always says how things stand. */
export interface UploadItem<Result = unknown> {
  readonly file: File
  readonly phase: ItemPhase
  /** The last there was. */
  readonly progress?: UploadProgress
  /** Set while the next attempt is waited for. */
  readonly retrying?: UploadRetry
  readonly result?: Result
  readonly error?: UploadError
  /** Ends it, whether it waits or is being sent. Does nothing once it has ended. */
  cancel(): void
  /** Begins again, if it has failed or was cancelled. */
  retry(): void
}

export interface EachProgress<Result = unknown> {
  /** The item that has something new. */
  item: UploadItem<Result>
  items: readonly UploadItem<Result>[]
  /** Bytes sent of all files that have not failed. */
  sent: number
  /** Bytes of all files that have not failed. */
  total: number
  /** From 0 to 1, and 1 only when all that have not failed are stored. */
  ratio: number
  /** Bytes per second of all together. */
  rate?: number
  secondsLeft?: number
}

export interface EachSummary<Result = unknown> {
  stored: UploadItem<Result>[]
  /** With the `error` of each; a cancelled one has `ABORTED`. */
  failed: UploadItem<Result>[]
}

export interface UploadEachOptions<Result = unknown> extends Omit<UploadOptions, 'onProgress' | 'onRetry'> {
  /** Requests at once. A browser has six connections for a server, and the page needs some. @default 3 */
  concurrency?: number | undefined
  /** Sent with each file. */
  fields?: FormFields | ((file: File) => FormFields) | undefined
  onProgress?: ((progress: EachProgress<Result>) => void) | undefined
}

/** Resolves when all have ended, also those that failed; rejects only for options that cannot be. */
export interface Uploads<Result = unknown> extends Promise<EachSummary<Result>> {
  readonly items: readonly UploadItem<Result>[]
}

type Item<Result> = { -readonly [Name in keyof UploadItem<Result>]: UploadItem<Result>[Name] }

/**
 * Sends each file in a request of its own, a few at a time: what happens to one does not touch the others.
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
  let reject: (bug: unknown) => void
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
    tell(onProgress, { item, items, ...sumUp(items) })
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
    const end = await run(item, signal ? AbortSignal.any([signal, controller.signal]) : controller.signal)
    item.cancel = cancel
    update(item, { retrying: undefined, ...end })
  }

  async function run(item: Item<Result>, signal: AbortSignal): Promise<Partial<Item<Result>>> {
    item.phase = 'sending'
    try {
      const form = { files: item.file, fields: typeof fields === 'function' ? fields(item.file) : fields }
      const result = await upload<Route>(url, form, {
        ...rest,
        signal,
        onProgress(progress) {
          // It is done when there is a result to show.
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

  // Later, so that a page's callback may already use what this returns.
  queueMicrotask(next)
  return Object.assign(finished, { items })
}

function isDone({ phase }: UploadItem): boolean {
  return phase === 'done'
}

function hasFailed({ phase }: UploadItem): boolean {
  return phase === 'failed' || phase === 'cancelled'
}

function sumUp(items: readonly UploadItem[]): Omit<EachProgress, 'item' | 'items'> {
  const alive = items.filter(item => !hasFailed(item))
  const sum = (value: (item: UploadItem) => number | undefined) =>
    alive.reduce((all, item) => all + (value(item) ?? 0), 0)
  const sent = sum(({ progress }) => progress?.sent)
  const total = sum(({ file }) => file.size)
  const rate = sum(({ progress }) => progress?.rate) || undefined
  return {
    sent,
    total,
    ratio: alive.length > 0 && alive.every(isDone) ? 1 : Math.min(MOST_BEFORE_DONE, sent / total || 0),
    rate,
    secondsLeft: rate && (total - sent) / rate,
  }
}
