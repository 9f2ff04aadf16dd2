import type { UploadError } from './errors.ts'

export type { Checksums, Fields, UploadedFile, UploadResult } from '../src/shared/types.ts'

/** A file, or several: an array, a `FileList`. */
export type Files = Blob | Iterable<Blob>

export type FieldValue = string | number | boolean | null | undefined

/** Fields by name. A list becomes a field that comes several times; `undefined` and `null` are left out. */
export type FormFields = Record<string, FieldValue | readonly FieldValue[]>

export interface FilesAndFields {
  /** Files of the one field `field`, or of several fields by their names. */
  files?: Files | Record<string, Files>
  fields?: FormFields
}

/** What can be sent. Fields always go before files, so that the server knows them when it meets a file. */
export type UploadInput = Files | FormData | HTMLFormElement | FilesAndFields

/**
 * `sending`: bytes leave the browser. `storing`: all have left, the server has not confirmed yet. `done`: it has, and
 * every file is stored.
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
  /** Bytes of the files that the browser has handed to the network. Begins again with another attempt. */
  sent: number
  /** Bytes of all files. */
  total: number
  /** From 0 to 1, and 1 only in the phase `done`: before that, at most 0.99. */
  ratio: number
  /** Bytes per second over the last seconds, while sending and once that can be said. */
  rate?: number
  /** Until all is sent, at this rate. */
  secondsLeft?: number
  /** Counted from 1. */
  attempt: number
  /** In the order of the form. */
  files: readonly FileProgress[]
}

export interface UploadRetry {
  /** Why the last attempt failed. */
  error: UploadError
  /** The attempt to come: 2 for the first retry. */
  attempt: number
  /** Milliseconds until then. */
  delay: number
}

export interface UploadOptions {
  /** Told of every step, at least once a second while there is something to tell, never after the end. */
  onProgress?: ((progress: UploadProgress) => void) | undefined
  /** Told of every failure that is followed by another attempt. */
  onRetry?: ((retry: UploadRetry) => void) | undefined
  /** Cancels: the request is cut, and the promise rejects with `ABORTED`. */
  signal?: AbortSignal | undefined
  /** Further headers. Content-Type cannot be one: only the browser knows the form's boundary. */
  headers?: Record<string, string> | undefined
  /** Sends cookies to another origin too. @default false */
  withCredentials?: boolean | undefined
  /** @default 'POST' */
  method?: 'POST' | 'PUT' | 'PATCH' | undefined
  /** Milliseconds without any progress while sending, then `TIMEOUT`. 0 waits for ever. @default 60_000 */
  timeout?: number | undefined
  /**
   * Milliseconds to wait for the answer when all is sent, then `TIMEOUT`. 0 waits for ever.
   * @default 150_000, more than the server gives S3 (`storageTimeout`), so that its own word comes first
   */
  storingTimeout?: number | undefined
  /**
   * Further attempts after a network error, 408, 502, 503 or 504, and after nothing else. The pauses double from one
   * second to thirty; a Retry-After of up to a minute is kept to, a longer one ends it. @default 2
   */
  retries?: number | undefined
  /** Form field of files that come without one. @default 'file' */
  field?: string | undefined
}
