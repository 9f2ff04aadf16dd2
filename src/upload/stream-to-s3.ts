import { createFields } from '../form/fields.ts'
import { type FilePart, readForm } from '../form/read-form.ts'
import { type Admission, admitRequest } from '../http/admit-request.ts'
import { drain } from '../http/drain.ts'
import { createUploadMemory } from '../memory/upload-memory.ts'
import type { StreamToS3Options } from '../options/options.ts'
import { type ResolvedOptions, resolveOptions } from '../options/resolve-options.ts'
import { permitsOf } from '../s3/client-limiter.ts'
import { s3Requests } from '../s3/operations.ts'
import { defaultClient } from '../s3/sdk.ts'
import { isThenable } from '../shared/abort-signals.ts'
import { type Leftover, UploadError } from '../shared/errors.ts'
import type { IncomingRequest, UploadContext, UploadResult } from '../shared/types.ts'
import { alreadyAnswered } from '../shared/upload-errors.ts'
import { abortAll, commitAll } from './commit-files.ts'
import { type Form, type StagedFile, stageFile } from './stage-file.ts'
import { createUploadSignal, type UploadSignal } from './upload-signal.ts'
import { validateForm } from './validate-form.ts'

/**
 * Streams every file of a multipart form to S3. Resolves when S3 has confirmed all of them. Otherwise it stores none and
 * rejects with an `UploadError`, or with the error that a hook threw. It then reads and drops the rest of the request for
 * a while, so that the client receives the response. It does not see your response: if other code, such as a timeout,
 * may respond meanwhile, throw from `validate` if `response.headersSent`.
 *
 * @throws TypeError at once, for invalid options
 */
export function streamToS3<Request extends IncomingRequest>(
  request: Request,
  options: StreamToS3Options<UploadContext & { request: Request }>,
): Promise<UploadResult> {
  return uploadForm(request, resolveOptions(options))
}

export interface UploadExtras {
  /** Added to the context that hooks receive. */
  context?: object
  /** Called when every check before the body has passed, just before the body is read. */
  onAccepted?(): void
  /** Returns true if other code has responded to the request. The upload then stores nothing. */
  isAnswered?(): boolean
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
  const fields = createFields(settings)
  const context = { request, fields: fields.values, signal, ...extras.context }
  const opened: Form['opened'] = []
  const staging: Promise<StagedFile | undefined>[] = []
  const leftovers: Leftover[] = []
  try {
    signal.throwIfAborted()
    if (admission.error) throw admission.error
    extras.onAccepted?.()
    const form = await openForm(admission, settings, context, upload, opened, leftovers)
    const onFile = (part: FilePart) => {
      const file = stageFile(part, form)
      file.catch(fail)
      staging.push(file)
    }
    await readForm(admission.body, admission, settings, { onField: fields.add, onFile }, signal)
    const staged = (await Promise.all(staging)).filter(file => file !== undefined)
    const files = staged.map(({ file }) => file)
    checkUnanswered(extras)
    await validateForm(files, settings, context)
    checkUnanswered(extras)
    const stored = await commitAll(staged, fail)
    signal.throwIfAborted()
    checkUnanswered(extras)
    return { files: stored, fields: fields.values }
  } catch (error) {
    fail(error)
    const rest = admission.ownsBody ? drain(request, settings) : undefined
    await abortAll(opened, staging)
    rest?.startClock()
    const firstError = withLeftovers(signal.reason, leftovers)
    reportError(firstError, context, settings)
    throw firstError
  } finally {
    leaveBudget()
    upload.stopWatching()
  }
}

async function openForm(
  { declaredLength }: Admission,
  settings: ResolvedOptions,
  context: UploadContext,
  { signal, fail }: UploadSignal,
  opened: Form['opened'],
  leftovers: Leftover[],
): Promise<Form> {
  const client = settings.client ?? (await defaultClient())
  const permits = await permitsOf(client, settings)
  const scope = {
    client,
    s3: s3Requests(client, settings),
    signal,
    permits,
    concurrency: settings.concurrency,
    memory: createUploadMemory(settings.memoryBudget, signal, fail),
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
  const warn = (fault: unknown) => process.emitWarning(`onError failed: ${fault}`, 's3-upstream')
  try {
    const result: unknown = onError?.(error, context)
    if (isThenable(result)) result.then(undefined, warn)
  } catch (fault) {
    warn(fault)
  }
}

function withLeftovers(error: unknown, leftovers: readonly Leftover[]): unknown {
  if (error instanceof UploadError) error.leftovers = leftovers
  // An error of a hook gets the property only if there are leftovers.
  else if (leftovers.length > 0 && error instanceof Error && Object.isExtensible(error)) {
    Object.assign(error, { leftovers })
  }
  return error
}
