import type { S3Client } from '@aws-sdk/client-s3'
import { createLender } from '../../src/memory/memory-budget.ts'
import { createUploadMemory } from '../../src/memory/upload-memory.ts'
import { s3Requests } from '../../src/s3/operations.ts'
import { createRequestLimiter } from '../../src/s3/request-limiter.ts'
import { createAbortController } from '../../src/shared/abort-signals.ts'
import type { Leftover } from '../../src/shared/errors.ts'
import type { ByteSource, UploadScope, UploadTarget } from '../../src/storage/uploader.ts'
import { MB } from './bytes.ts'
import { BUCKET } from './storage.ts'

/** What an uploader works with when a test is the conductor. */
export function createScope(client: S3Client, { concurrency = 4, storageTimeout = 10_000 } = {}) {
  const controller = createAbortController()
  const { signal } = controller
  const fail = (error: unknown) => controller.abort(error)
  const limiter = createRequestLimiter()
  const budget = createLender(64 * MB)
  const leftovers: Leftover[] = []
  const scope: UploadScope = {
    client,
    s3: s3Requests(client, { storageTimeout, unsignedPayload: undefined }),
    signal,
    permits: limiter.permitsFor({ uploadLimit: concurrency, totalLimit: concurrency }),
    memory: createUploadMemory(budget, signal, fail),
    concurrency,
    onStored() {},
    reportLeftover: leftover => void leftovers.push(leftover),
  }
  return { scope, fail, limiter, budget, leftovers }
}

export function targetFor(key: string, target: Partial<UploadTarget> = {}): UploadTarget {
  return {
    bucket: BUCKET,
    key,
    unique: true,
    params: {},
    ifNoneMatch: undefined,
    partSize: 5 * MB,
    largestSize: 50 * MB,
    ...target,
  }
}

/** Passes these chunks, then ends, or waits until the signal is aborted. */
export function sourceOf(chunks: Buffer[], end: 'ends' | 'waits' = 'ends'): ByteSource {
  return {
    async forEachChunk(take, signal) {
      for (const chunk of chunks) {
        signal.throwIfAborted()
        await take(chunk)
      }
      if (end === 'waits') {
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      }
    },
  }
}
