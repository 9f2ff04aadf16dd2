import { UploadError } from '../shared/errors.ts'
import { isOlderCopy } from './hints.ts'
import type { Command, HttpResponse, Next } from './middleware.ts'
import { attemptHadNoEffect, metadataOf } from './s3-errors.ts'

const FIRST = { step: 'initialize', priority: 'high', name: 's3UpstreamRequest', override: true }
/** After the SDK's retries and its signature: it sees each attempt that is really sent. */
const EACH_ATTEMPT = { step: 'finalizeRequest', priority: 'low', name: 's3UpstreamAttempt', override: true }

/**
 * What is known of the attempts that the SDK makes for one request. The last one alone does not tell whether the request
 * had an effect: a refused connection can follow an attempt whose response was lost.
 */
export class RequestAttempts {
  /** False for a client that does not run the middlewares of a command, such as a mock. */
  isObserved = false
  /** Attempts without a response yet. */
  running = 0
  /** Attempts that S3 has confirmed. */
  confirmed = 0
  /** Attempts that ended without a word of S3 on their effect. */
  lost = 0
  /** S3's clock at its last response, from the Date header, in milliseconds. */
  serverDate: number | undefined
  /** Our clock at the start of the request, and when S3's last response came. */
  startedAt = Date.now()
  respondedAt = Number.NaN

  /** S3's clock at a time of ours, with the precision of a Date header: seconds. */
  serverTime(time: number): number | undefined {
    return this.serverDate === undefined ? undefined : this.serverDate + time - this.respondedAt
  }

  noteResponse(response: HttpResponse | undefined): void {
    const date = Date.parse(response?.headers?.date ?? '')
    if (Number.isNaN(date)) return
    this.serverDate = date
    this.respondedAt = Date.now()
  }

  /** Counts the attempts of an earlier request for the same effect as attempts of this one. */
  follow(earlier: RequestAttempts | undefined): void {
    if (earlier === undefined) return
    this.lost += earlier.lost + earlier.running
    this.startedAt = earlier.startedAt
  }
}

const records = new WeakMap<object, RequestAttempts>()

/** Observes the attempts of a command. None starts after `signal` has been aborted. */
export function observeAttempts(command: object, signal: AbortSignal): RequestAttempts {
  const { middlewareStack } = command as Command
  const attempts = new RequestAttempts()
  const observeRequest =
    (next: Next): Next =>
    args => {
      attempts.isObserved = true
      return next(args)
    }
  const observeAttempt =
    (next: Next): Next =>
    async args => {
      signal.throwIfAborted()
      attempts.running++
      try {
        const result = await next(args)
        attempts.noteResponse(result.response as HttpResponse)
        attempts.confirmed++
        return result
      } catch (error) {
        attempts.noteResponse((error as { $response?: HttpResponse }).$response)
        if (!attemptHadNoEffect(error)) attempts.lost++
        throw error
      } finally {
        attempts.running--
      }
    }
  middlewareStack.add(observeRequest, FIRST)
  middlewareStack.add(observeAttempt, EACH_ATTEMPT)
  return attempts
}

/** Remembers the attempts of a request by its output or its error. */
export function rememberAttempts(outcome: object, attempts: RequestAttempts): void {
  records.set(outcome, attempts)
}

export function attemptsOf(outcome: unknown): RequestAttempts | undefined {
  return records.get(Object(outcome))
}

/**
 * True if an attempt of this request may have had an effect that S3 has not confirmed: its response was lost. Takes the
 * output of the request, or its error.
 */
export function hadLostAttempt(outcome: unknown): boolean {
  const isError = outcome instanceof Error
  const attempts = attemptsOf(outcome)
  if (attempts?.isObserved) {
    const { lost, running, confirmed } = attempts
    // A middleware of the application can fail after S3 has confirmed the request.
    return lost + running + (isError ? confirmed : 0) > 0
  }
  if (outcome instanceof UploadError && isOlderCopy(outcome.cause)) return false
  if (isError) return !attemptHadNoEffect(outcome) || countOf(outcome) !== 1
  return (metadataOf(outcome)?.attempts ?? 1) > 1
}

/** A mock tells the status of an error, and no attempts. The SDK tells the attempts of an error without a response too. */
function countOf(error: Error): number | undefined {
  const { attempts, httpStatusCode } = metadataOf(error) ?? {}
  return attempts ?? (httpStatusCode === undefined ? undefined : 1)
}
