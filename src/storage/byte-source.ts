import type { Readable } from 'node:stream'
import type { ByteSource } from './uploader.ts'

/**
 * Returns the bytes of a file part as a `ByteSource`. Reads by `data` events with pause and resume: `for await` would
 * join all waiting chunks into one more copy.
 *
 * Neither function here listens for errors of the stream: the stream belongs to the parser, and when the parser fails,
 * the upload aborts the signal.
 *
 * @param inspect sees each chunk first; the source fails with what it throws
 */
export function byteSource(stream: Readable, inspect: (chunk: Buffer) => void): ByteSource {
  return {
    forEachChunk(take, signal) {
      return new Promise((resolve, reject) => {
        let pending: Promise<void> | undefined

        function onData(chunk: Buffer) {
          try {
            inspect(chunk)
            pending = take(chunk) ?? undefined
          } catch (error) {
            return fail(error)
          }
          if (pending === undefined) return
          stream.pause()
          pending.then(() => {
            pending = undefined
            stream.resume()
          }, fail)
        }

        // 'end' can follow the last chunk although the stream is paused.
        function onEnd() {
          if (pending === undefined) succeed()
          else pending.then(succeed, fail)
        }

        function stop() {
          stream.off('data', onData).off('end', onEnd)
          signal.removeEventListener('abort', onAbort)
        }
        function succeed() {
          stop()
          resolve()
        }
        function fail(error: unknown) {
          stop()
          reject(error)
        }
        function onAbort() {
          fail(signal.reason)
        }

        if (signal.aborted) return reject(signal.reason)
        signal.addEventListener('abort', onAbort)
        stream.on('data', onData).on('end', onEnd)
      })
    },
  }
}

/** True if a file part ends without a single byte. Leaves the bytes in the stream. */
export function isEmpty(stream: Readable, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve, reject) => {
    function stop() {
      stream.off('readable', onReadable)
      signal.removeEventListener('abort', onAbort)
    }
    function onReadable() {
      stop()
      resolve(stream.readableLength === 0)
    }
    function onAbort() {
      stop()
      reject(signal.reason)
    }
    if (signal.aborted) return reject(signal.reason)
    signal.addEventListener('abort', onAbort)
    stream.on('readable', onReadable)
  })
}
