import { permissionFor } from '../s3/permissions.ts'
import { statusOf } from '../s3/s3-errors.ts'
import { type Leftover, UploadError } from '../shared/errors.ts'
import type { ObjectParams } from '../shared/types.ts'

export interface StorageCheck {
  /** The S3 operation, and the header that the check tries. */
  name: CheckName
  ok: boolean
  /**
   * True if uploads need it to store files, or to remove what a failed upload has stored. The others are for
   * `ifExists: 'fail'`, for keys of the application, and for `abortStaleUploads()`.
   */
  required: boolean
  /** The permissions that the operation needs in IAM, separated by commas. */
  permission?: string
  /** Only if the check failed: what is wrong, and what to do. For logs: it can name the bucket. */
  hint?: string
}

export interface CheckStorageResult {
  /** True if every required check is ok. */
  ok: boolean
  /** Always the same checks, in the same order. */
  checks: StorageCheck[]
  /** What the checks have created and could not remove. Usually empty. */
  leftovers: Leftover[]
}

/** Every check in the order in which it runs, with its value of `required`. */
const CHECKS = {
  PutObject: true,
  GetObject: true,
  'PutObject with If-None-Match': false,
  DeleteObject: true,
  CreateMultipartUpload: true,
  UploadPart: true,
  ListMultipartUploads: false,
  AbortMultipartUpload: true,
  CompleteMultipartUpload: true,
  'CompleteMultipartUpload with If-None-Match': false,
  'DeleteObject with If-Match': false,
} as const

export type CheckName = keyof typeof CHECKS
const NAMES = Object.keys(CHECKS) as CheckName[]

/** Collects the outcome of every check. */
export class CheckReport {
  /** True if a request has failed without a response from the store. */
  gotNoResponse = false
  readonly #params: ObjectParams
  readonly #hints = new Map<CheckName, string | undefined>()

  constructor(params: ObjectParams) {
    this.#params = params
  }

  /** Runs one check. Resolves with its value, or with undefined if it failed. */
  async run<T>(name: CheckName, check: () => Promise<T>): Promise<T | undefined> {
    try {
      const value = await check()
      this.#hints.set(name, undefined)
      return value
    } catch (error) {
      this.#hints.set(name, error instanceof Error ? error.message : String(error))
      if (error instanceof UploadError && statusOf(error) === undefined) this.gotNoResponse = true
      return undefined
    }
  }

  result(leftovers: Leftover[]): CheckStorageResult {
    const checks = NAMES.map(name => this.#describe(name))
    return { ok: checks.every(({ ok, required }) => ok || !required), checks, leftovers }
  }

  #describe(name: CheckName): StorageCheck {
    const hint = this.#hints.has(name) ? this.#hints.get(name) : 'Not tried, because an earlier check failed.'
    const [operation = ''] = name.split(' ')
    const permission = permissionFor(operation, this.#params)
    return {
      name,
      ok: hint === undefined,
      required: CHECKS[name],
      ...(permission !== undefined && { permission }),
      ...(hint !== undefined && { hint }),
    }
  }
}
