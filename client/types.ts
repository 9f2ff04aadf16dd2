import type { Size } from '../src/shared/sizes.ts'
import type { AcceptOption } from './accept.ts'
import type { UploadError } from './errors.ts'

export type { Checksums, Fields, UploadedFile, UploadResult } from '../src/shared/types.ts'

/** One file, or several: an array, a `FileList` or another iterable. */
export type Files = Blob | Iterable<Blob>

export type FieldValue = string | number | boolean | null | undefined

/** Fields by name. An array adds a field once for each value; `undefined` and `null` add nothing. */
export type FormFields = Record<string, FieldValue | readonly FieldValue[]>

export interface FilesAndFields {
  /** Files of the form field `field`, or an object with the files of each form field. */
  files?: Files | Record<string, Files>
  fields?: FormFields
}

/** Accepted inputs. The helper sends fields before files, so that the server knows the fields when a file arrives. */
export type UploadInput = Files | FormData | HTMLFormElement | FilesAndFields

/**
 * Phase of an upload:
 *
 * - `sending`: the browser sends the body.
 * - `storing`: the browser has sent every byte, and the server has not responded yet.
 * - `done`: the server has confirmed that every file is stored.
 */
export type UploadPhase = 'sending' | 'storing' | 'done'

export interface FileProgress {
  file: File
  field: string
  /** Bytes. */
  sent: number
  /** Bytes. */
  total: number
}

export interface UploadProgress {
  phase: UploadPhase
  /** File bytes that the browser has passed to the network. Restarts at 0 with every attempt. */
  sent: number
  /** Bytes of all files. */
  total: number
  /** From 0 to 1. At most 0.99 until the phase is `done`, then 1. */
  ratio: number
  /** Bytes per second over the last 5 seconds. Set while sending, after the first 0.5 seconds. */
  rate?: number
  /** Estimated seconds until all bytes are sent, at the current rate. */
  secondsLeft?: number
  /** Number of the attempt, from 1. */
  attempt: number
  /** Progress of each file, in the order of the form. */
  files: readonly FileProgress[]
}

export interface UploadRetry {
  /** Error of the failed attempt. */
  error: UploadError
  /** Number of the next attempt: 2 for the first retry. */
  attempt: number
  /** Milliseconds until the next attempt. */
  delay: number
}

/**
 * The limits of the route, checked before a byte is sent. A file that breaks one is rejected with the code, status and
 * words of the server's own error, but without a request, so `problem` is undefined.
 */
export interface FileLimits {
  /**
   * Maximum bytes per file, or a string such as `'25MB'` (powers of 1024). Otherwise `FILE_TOO_LARGE`.
   * @default none
   */
  maxFileSize?: Size | undefined
  /**
   * Maximum number of files. Otherwise `TOO_MANY_FILES`.
   * @default none
   */
  maxFiles?: number | undefined
  /**
   * Media types and extensions: `'image/*,.csv'`, `['image/png', 'application/pdf']`. A file needs one that matches its
   * declared type or its name, otherwise `TYPE_NOT_ACCEPTED`. A file without a type, or with
   * `application/octet-stream`, always passes: only the server knows more. Sizes by type, such as
   * `{ 'image/*': '4MB', 'video/*': '256MB' }`, replace `maxFileSize`.
   * @default all
   */
  accept?: AcceptOption | undefined
}

export interface UploadOptions extends FileLimits {
  /** Called on every progress event, and every second while a request is open. Never called after the end. */
  onProgress?: ((progress: UploadProgress) => void) | undefined
  /** Called after each failed attempt that is retried. */
  onRetry?: ((retry: UploadRetry) => void) | undefined
  /** Cancels the upload: aborts the request, and the promise rejects with `ABORTED`. */
  signal?: AbortSignal | undefined
  /** Additional request headers. Content-Type is a TypeError: only the browser knows the form's boundary. */
  headers?: Record<string, string> | undefined
  /** Sends cookies to other origins too. @default false */
  withCredentials?: boolean | undefined
  /** HTTP method. @default 'POST' */
  method?: 'POST' | 'PUT' | 'PATCH' | undefined
  /**
   * Milliseconds without progress while sending, before the upload fails with `TIMEOUT`. 0 disables the limit.
   * @default 60_000
   */
  timeout?: number | undefined
  /**
   * Milliseconds to wait for the response after every byte is sent, before the upload fails with `TIMEOUT`. 0 disables
   * the limit. The default exceeds the server's `storageTimeout`, so that the server's error arrives first.
   * @default 150_000
   */
  storingTimeout?: number | undefined
  /**
   * Maximum number of retries. The helper retries only after a network error, 408, 502, 503 or 504. Delays double from
   * 1 to 30 seconds, and up to half of each delay is random. A Retry-After of up to 60 seconds replaces the delay; with
   * a longer one the upload fails at once. After a connection that broke with bytes still to send, the helper sends the
   * form only once more.
   * @default 2
   */
  retries?: number | undefined
  /** Form field of files for which the input names none. @default 'file' */
  field?: string | undefined
}
