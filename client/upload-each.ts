import type { DefaultRoute, ResultOf } from './contract.ts'
import { hasFailed, isDone, summarize } from './each-progress.ts'
import type { EachSummary, UploadEachOptions, UploadItem, Uploads } from './each-types.ts'
import { aborted, UploadError } from './errors.ts'
import { checkFile } from './file-limits.ts'
import { notify } from './progress.ts'
import { upload } from './upload.ts'

/**
 * Uploads each file in its own request, `concurrency` at a time. A failed file does not affect the others. A file that
 * exceeds a limit of the options fails at once, without a request.
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
  type Item = UploadItem<Result>
  const { concurrency = 3, fields, onProgress, signal, ...rest } = options
  const controllers: AbortController[] = []
  const refused = new Set<number>()
  let items: readonly Item[] = Array.from(files, createItem)
  let active = 0
  let finish: (summary: EachSummary<Result>) => void
  let reject: (error: unknown) => void
  const finished = new Promise<EachSummary<Result>>((...settle) => {
    ;[finish, reject] = settle
  })

  // The functions know only the place of their item, so those of an earlier object act on the current one.
  function createItem(file: File, index: number): Item {
    return {
      file,
      phase: 'queued',
      cancel() {
        if (items[index]!.phase === 'queued') update(index, { phase: 'cancelled', error: aborted(signal) })
        else controllers[index]?.abort()
      },
      retry() {
        if (refused.has(index) || !hasFailed(items[index]!)) return
        update(index, { phase: 'queued', error: undefined, progress: undefined })
        next()
      },
    }
  }

  function change(index: number, changes: Partial<Item>): void {
    items = items.with(index, { ...items[index]!, ...changes })
  }

  function update(index: number, changes: Partial<Item>): void {
    change(index, changes)
    notify(onProgress, { item: items[index]!, items, ...summarize(items) })
  }

  function refuseIfOverLimit(index: number): void {
    try {
      checkFile({ file: items[index]!.file, field: rest.field ?? 'file' }, index, options)
    } catch (error) {
      refused.add(index)
      if (items[index]!.phase === 'queued') update(index, failure(error))
    }
  }

  function next(): void {
    while (active < concurrency) {
      const index = items.findIndex(({ phase }) => phase === 'queued')
      if (index < 0) break
      active++
      start(index).then(() => {
        active--
        next()
      })
    }
    if (active === 0) finish({ stored: items.filter(isDone), failed: items.filter(hasFailed) })
  }

  async function start(index: number): Promise<void> {
    const controller = new AbortController()
    controllers[index] = controller
    change(index, { phase: 'sending' })
    const outcome = await run(
      index,
      signal ? AbortSignal.any([signal, controller.signal]) : controller.signal,
    )
    update(index, { retrying: undefined, ...outcome })
  }

  async function run(index: number, signal: AbortSignal): Promise<Partial<Item>> {
    const { file } = items[index]!
    try {
      const form = { files: file, fields: typeof fields === 'function' ? fields(file) : fields }
      const result = await upload<Route>(url, form, {
        ...rest,
        signal,
        onProgress(progress) {
          // The item reports `done` together with its result, when the promise resolves.
          if (progress.phase === 'done') change(index, { progress })
          else update(index, { phase: progress.phase, progress, retrying: undefined })
        },
        onRetry: retrying => update(index, { phase: 'sending', retrying, progress: undefined }),
      })
      return { phase: 'done', result }
    } catch (error) {
      return failure(error)
    }
  }

  function failure(error: unknown): Partial<Item> {
    if (!(error instanceof UploadError)) reject(error)
    const { code } = error as UploadError
    return { phase: code === 'ABORTED' ? 'cancelled' : 'failed', error: error as UploadError }
  }

  // Deferred, so that callbacks can already use the return value.
  queueMicrotask(() => {
    for (const index of items.keys()) refuseIfOverLimit(index)
    next()
  })
  return Object.defineProperty(finished, 'items', { get: () => items }) as Uploads<Result>
}
