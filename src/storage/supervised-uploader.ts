import type { S3Requests } from '../s3/operations.ts'
import type { Permits } from '../s3/request-limiter.ts'
import { isThenable } from '../shared/abort-signals.ts'
import { UploadError } from '../shared/errors.ts'
import { describe } from '../shared/sizes.ts'
import { isError } from '../shared/thrown.ts'
import { uploaderFailed, uploaderSilent } from '../shared/upload-errors.ts'
import { createSilenceLimit, type SilenceLimit } from './silence-limit.ts'
import type {
  ByteSource,
  StagedObject,
  StoredObject,
  Uploader,
  UploadScope,
  UploadTarget,
} from './uploader.ts'

/**
 * Protects an upload against an uploader that breaks its contract: one that never settles, throws, returns no handle,
 * leaves bytes unread or hides that the file was refused. Each ends in an `UploadError`.
 *
 * An uploader must show a sign of progress within `timeout` milliseconds: it pulls bytes, calls `onStored`, or starts or
 * ends a request of `scope.s3`. The time does not run while it waits for the client, for memory, for a permit or for
 * such a request: each of these has its own limit.
 */
export function superviseUploader(uploader: Uploader, timeout: number): Uploader {
  return {
    open(target, scope) {
      const limit = createSilenceLimit(timeout)
      const handle = openHandle(uploader, target, superviseScope(scope, limit))
      return new SupervisedObject(handle, target, scope, limit, timeout)
    },
  }
}

function openHandle(uploader: Uploader, target: UploadTarget, scope: UploadScope): StagedObject {
  let handle: StagedObject | undefined
  try {
    handle = uploader.open(target, scope)
  } catch (cause) {
    throw asUploadError(cause)
  }
  const methods = [handle?.stage, handle?.commit, handle?.abort]
  if (methods.every(method => typeof method === 'function')) return handle
  throw uploaderFailed('open() must return an object with stage(), commit() and abort().')
}

class SupervisedObject implements StagedObject {
  readonly #handle: StagedObject
  readonly #target: UploadTarget
  readonly #scope: UploadScope
  readonly #limit: SilenceLimit
  readonly #timeout: number
  #abort: Promise<void> | undefined

  constructor(
    handle: StagedObject,
    target: UploadTarget,
    scope: UploadScope,
    limit: SilenceLimit,
    timeout: number,
  ) {
    this.#handle = handle
    this.#target = target
    this.#scope = scope
    this.#limit = limit
    this.#timeout = timeout
  }

  async stage(bytes: ByteSource): Promise<void> {
    const source = new SupervisedSource(bytes, this.#limit)
    try {
      await this.#watch('stage', () => this.#handle.stage(source))
    } catch (error) {
      throw source.error !== undefined && error === source.error ? error : asUploadError(error)
    }
    // The uploader may have swallowed that the file is too large.
    if (source.error !== undefined) throw source.error
    if (!source.isEnded) throw uploaderFailed('stage() resolved before it had read all bytes.')
  }

  async commit(): Promise<StoredObject> {
    let stored: StoredObject | undefined
    try {
      stored = await this.#watch('commit', () => this.#handle.commit())
    } catch (error) {
      throw asUploadError(error)
    }
    if (typeof stored?.size === 'number' && typeof stored.etag === 'string') return stored
    throw uploaderFailed('commit() must resolve with an object that has size and etag.')
  }

  abort(): Promise<void> {
    this.#abort ??= this.#remove()
    return this.#abort
  }

  /** If the cleanup fails, only the uploader knows what is left. So the object is named in the leftovers. */
  async #remove(): Promise<void> {
    const { bucket, key } = this.#target
    try {
      await this.#watch('abort', () => this.#handle.abort())
    } catch (cause) {
      this.#scope.reportLeftover({ bucket, key, cause })
    }
  }

  #watch<T>(method: keyof StagedObject, task: () => Promise<T>): Promise<T> {
    return this.#limit.watch(task, () => uploaderSilent(method, this.#timeout))
  }
}

/** Remembers how the bytes of a file ended. The uploader may hide it. */
class SupervisedSource implements ByteSource {
  isEnded = false
  error: unknown
  readonly #bytes: ByteSource
  readonly #limit: SilenceLimit

  constructor(bytes: ByteSource, limit: SilenceLimit) {
    this.#bytes = bytes
    this.#limit = limit
  }

  async forEachChunk(take: (chunk: Buffer) => void | Promise<void>, signal: AbortSignal): Promise<void> {
    const { suspend, renew } = this.#limit
    let isOver = false
    // The time runs only while the uploader works on a chunk, not while it waits for the client.
    let resume = suspend()
    const takeSupervised = (chunk: Buffer): void | Promise<void> => {
      renew()
      const pending: unknown = take(chunk)
      if (!isThenable(pending)) return
      resume()
      return Promise.resolve(pending).then(() => {
        if (!isOver) resume = suspend()
      })
    }
    try {
      await this.#bytes.forEachChunk(takeSupervised, signal)
      this.isEnded = true
    } catch (error) {
      this.error = error
      throw error
    } finally {
      isOver = true
      resume()
    }
  }
}

function superviseScope(scope: UploadScope, { exempt, renew }: SilenceLimit): UploadScope {
  const { client, signal, concurrency, memory, permits, s3, onStored, reportLeftover } = scope
  const acquire: Permits['acquire'] = signal => exempt(() => permits.acquire(signal))
  return {
    client,
    signal,
    concurrency,
    reportLeftover,
    s3: superviseRequests(s3, exempt),
    permits: {
      acquire,
      async run(task, signal) {
        const release = await acquire(signal)
        try {
          return await task()
        } finally {
          release()
        }
      },
    },
    memory: {
      tryBorrow: size => memory.tryBorrow(size),
      borrow: size => exempt(() => memory.borrow(size)),
      hold: (bytes, stage) => memory.hold(bytes, stage),
    },
    onStored(bytes) {
      renew()
      onStored(bytes)
    },
  }
}

type Method = (...parameters: unknown[]) => Promise<unknown>

function superviseRequests(s3: S3Requests, exempt: SilenceLimit['exempt']): S3Requests {
  const methods = Object.entries(s3 as unknown as Record<string, Method>).map(([name, method]) => [
    name,
    (...parameters: unknown[]) => exempt(() => method(...parameters)),
  ])
  return Object.fromEntries(methods)
}

function asUploadError(error: unknown): UploadError {
  if (error instanceof UploadError) return error
  return uploaderFailed(isError(error) ? `${error.message}` : describe(error), error)
}
