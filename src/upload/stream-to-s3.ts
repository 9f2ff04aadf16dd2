import type { IncomingMessage, ServerResponse } from 'node:http'
import { createFields } from '../form/fields.ts'
import { maxKeptMemory } from '../form/kept-size.ts'
import { type FilePart, readForm } from '../form/read-form.ts'
import { ReadingMeter } from '../form/reading-meter.ts'
import { type Admission, admitRequest } from '../http/admit-request.ts'
import { requestError } from '../http/check-request.ts'
import { drain } from '../http/drain.ts'
import { sendContinue } from '../http/expect-continue.ts'
import { pendingResponse } from '../http/pending-response.ts'
import { addCloseHeader, closeAfterResponse } from '../http/unread-request.ts'
import { createUploadMemory, type FormMemory, type PendingResponse } from '../memory/upload-memory.ts'
import { checkResponse, optional } from '../options/checks.ts'
import type { StreamToS3Options } from '../options/options.ts'
import { type ResolvedOptions, resolveOptions } from '../options/resolve-options.ts'
import { permitsOf } from '../s3/client-limiter.ts'
import { s3Requests } from '../s3/operations.ts'
import { defaultClient } from '../s3/sdk.ts'
import { isThenable, untilAborted } from '../shared/abort-signals.ts'
import { type Leftover, UploadError } from '../shared/errors.ts'
import { describeThrown } from '../shared/thrown.ts'
import type { IncomingRequest, UploadContext, UploadResult } from '../shared/types.ts'
import { alreadyAnswered } from '../shared/upload-errors.ts'
import { abortAll, commitAll } from './commit-files.ts'
import { type Form, type StagedFile, stageFile } from './stage-file.ts'
import { createUploadSignal, type UploadSignal } from './upload-signal.ts'
import { validateForm } from './validate-form.ts'
import { warnOfLeftovers } from './warn-of-leftovers.ts'

export interface ResponseOption {
  /**
   * The response to the request, which you send. If the upload fails before the whole request has been read, the response
   * says `Connection: close` (HTTP/1 only), and ends when the rest has been read and dropped. If other code has ended the
   * response, such as a timeout, the upload fails with `ALREADY_ANSWERED` and stores nothing.
   * @default none: you do both yourself
   */
  response?: ServerResponse | undefined
}

/**
 * Streams every file of a multipart form to S3. Resolves when S3 has confirmed all of them. Otherwise it stores none and
 * rejects with an `UploadError`, or with the error that a hook threw. It then reads and drops the rest of the request for
 * a while, so that the client receives the response.
 *
 * Pass `response` if you send one. Without it, the caller must do two things:
 * - Send the `headers` of the error. They contain `Connection: close` if the request has an unread rest. On a connection
 *   that stays open, a proxy sends the next request behind these bytes
 *   (https://www.rfc-editor.org/rfc/rfc9112#section-9.3).
 * - Throw from `validate` if other code may have responded meanwhile.
 *
 * @throws TypeError at once, for invalid options, and if the request is no Node request (a readable stream with an object
 * of `headers`)
 */
export function streamToS3<Request extends IncomingRequest>(
  request: Request,
  options: StreamToS3Options<UploadContext & { request: Request }> & ResponseOption,
): Promise<UploadResult> {
  const invalid = requestError(request)
  if (invalid) throw invalid
  if (!Object.hasOwn(Object(options), 'response'))
    return uploadFor(request, undefined, resolveOptions(options))
  const { response, ...rest } = options
  return uploadFor(request, optional(checkResponse)(response, 'response'), resolveOptions(rest))
}

async function uploadFor(
  request: IncomingRequest,
  response: ServerResponse | undefined,
  settings: ResolvedOptions,
): Promise<UploadResult> {
  try {
    return await uploadForm(request, settings, response && extrasFor(request, response))
  } catch (error) {
    addCloseHeader(error, request)
    if (response) closeAfterResponse(request, response, settings)
    throw error
  }
}

function extrasFor(request: IncomingRequest, response: ServerResponse): UploadExtras {
  return {
    onAccepted: () => sendContinue(request as IncomingMessage, response),
    isAnswered: () => response.writableEnded,
    response,
  }
}

export interface UploadExtras {
  /** Added to the context that hooks receive. */
  context?: object
  /** Called when every check before the body has passed, just before the body is read. */
  onAccepted?(): void
  /** Returns true if other code has responded to the request. The upload then stores nothing. */
  isAnswered?(): boolean
  /** Contains the fields, so they count as memory until it has been sent. */
  response?: ServerResponse
}

/** The conductor. Only this function knows the order of the steps, and only it fails an upload. */
export async function uploadForm(
  request: IncomingRequest,
  settings: ResolvedOptions,
  extras: UploadExtras = {},
): Promise<UploadResult> {
  const admission = admitRequest(request, settings)
  const upload = createUploadSignal(request, settings.signal, extras.isAnswered)
  const leaveBudget = settings.memoryBudget.register()
  const { signal, fail } = upload
  const meter = new ReadingMeter()
  const memory = createUploadMemory(settings.memoryBudget, signal, fail, {
    progress: meter,
    limit: settings,
    maxKeptBytes: maxKeptMemory(settings, admission.declaredLength),
  })
  const fields = createFields(settings)
  const context = { request, fields: fields.values, signal, ...extras.context }
  const opened: Form['opened'] = []
  const staging: Promise<StagedFile | undefined>[] = []
  const leftovers: Leftover[] = []
  let response: PendingResponse | undefined
  try {
    signal.throwIfAborted()
    if (admission.error) throw admission.error
    extras.onAccepted?.()
    const form = await openForm(admission, settings, context, upload, memory, opened, leftovers)
    const onFile = (part: FilePart) => {
      const file = stageFile(part, form)
      file.catch(fail)
      staging.push(file)
    }
    const handlers = { onField: fields.add, onFile, keep: memory.keep }
    await readForm(admission.body, admission, settings, handlers, signal, meter)
    const staged = (await Promise.all(staging)).filter(file => file !== undefined)
    const files = staged.map(({ file }) => file)
    checkUnanswered(extras)
    await validateForm(files, settings, context)
    checkUnanswered(extras)
    const stored = await commitAll(staged, fail)
    signal.throwIfAborted()
    checkUnanswered(extras)
    warnOfLeftovers(leftovers)
    response = extras.response && pendingResponse(extras.response)
    return { files: stored, fields: fields.values }
  } catch (error) {
    fail(error)
    const rest = admission.ownsBody ? drain(request, settings) : undefined
    await abortAll(opened, staging)
    await rest?.startClock()
    const firstError = withLeftovers(signal.reason, leftovers)
    reportError(firstError, context, settings)
    throw firstError
  } finally {
    memory.end(response)
    leaveBudget()
    upload.stopWatching()
  }
}

async function openForm(
  { declaredLength }: Admission,
  settings: ResolvedOptions,
  context: UploadContext,
  { signal, fail }: UploadSignal,
  memory: FormMemory,
  opened: Form['opened'],
  leftovers: Leftover[],
): Promise<Form> {
  const client = settings.client ?? (await untilAborted(defaultClient, signal))
  const permits = await untilAborted(() => permitsOf(client, settings), signal)
  const scope = {
    client,
    s3: s3Requests(client, settings),
    signal,
    permits,
    concurrency: settings.concurrency,
    memory,
    reportLeftover: (leftover: Leftover) => leftovers.push(leftover),
  }
  return {
    settings,
    context,
    scope,
    fail,
    declaredLength,
    count: { files: 0, bytes: 0 },
    keys: new Set(),
    opened,
  }
}

/** A client with another response must not find its files stored. So this is checked before and after the commit. */
function checkUnanswered({ isAnswered }: UploadExtras): void {
  if (isAnswered?.()) throw alreadyAnswered()
}

/** An error of `onError` must not crash the process. */
function reportError(error: unknown, context: UploadContext, { onError }: ResolvedOptions): void {
  const warn = (fault: unknown) =>
    process.emitWarning(`onError failed: ${describeThrown(fault)}`, 's3-upstream')
  try {
    const result: unknown = onError?.(error, context)
    if (isThenable(result)) result.then(undefined, warn)
  } catch (fault) {
    warn(fault)
  }
}

function withLeftovers(error: unknown, leftovers: readonly Leftover[]): unknown {
  // An error of a hook gets the property only if there are leftovers. It may be frozen.
  if (error instanceof UploadError || leftovers.length > 0) {
    Reflect.set(error as object, 'leftovers', leftovers)
  }
  return error
}
