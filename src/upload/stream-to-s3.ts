import { createFields } from '../form/fields.ts'
import { type FilePart, readForm } from '../form/read-form.ts'
import { admitRequest } from '../http/admit-request.ts'
import { drain } from '../http/drain.ts'
import { createUploadMemory } from '../memory/upload-memory.ts'
import type { StreamToS3Options } from '../options/options.ts'
import { type ResolvedOptions, resolveOptions } from '../options/resolve-options.ts'
import { permitsOf } from '../s3/client-limiter.ts'
import { s3Requests } from '../s3/operations.ts'
import { defaultClient } from '../s3/sdk.ts'
import { isThenable, untilAborted } from '../shared/abort-signals.ts'
import { type Leftover, UploadError } from '../shared/errors.ts'
import type { IncomingRequest, UploadContext, UploadResult } from '../shared/types.ts'
import { abortAll, commitAll } from './commit-files.ts'
import { type Form, type StagedFile, stageFile } from './stage-file.ts'
import { type UploadLife, watchUpload } from './upload-signal.ts'
import { refusalOf } from './validate-form.ts'

/**
 * Streams every file of a multipart form to S3. Resolves when S3 has confirmed all of them. Otherwise none is
 * stored, and it rejects with an `UploadError`, or with what a hook threw; what the request still sends is then
 * read and dropped for a while, so that the client can be answered.
 *
 * @throws TypeError at once, for options that cannot be
 */
export function streamToS3<Request extends IncomingRequest>(
  request: Request,
  options: StreamToS3Options<UploadContext & { request: Request }>,
): Promise<UploadResult> {
  return uploadForm(request, resolveOptions(options))
}

export interface UploadExtras {
  /** Joins what hooks are given as their context. */
  context?: object
  /** Called when all that can be known before the body is fine, and the body is about to be read. */
  onAccepted?(): void
}

/** The conductor: it alone knows the order of the steps, and it alone ends an upload. */
export async function uploadForm(
  request: IncomingRequest,
  settings: ResolvedOptions,
  extras: UploadExtras = {},
): Promise<UploadResult> {
  const admission = admitRequest(request, settings)
  const life = watchUpload(request, settings.signal)
  const leaveBudget = settings.memoryBudget.register()
  const { signal } = life
  const fields = createFields(settings)
  const context = { request, fields: fields.values, signal, ...extras.context }
  const staging: Promise<StagedFile | undefined>[] = []
  const leftovers: Leftover[] = []
  try {
    signal.throwIfAborted()
    if (admission.error) throw admission.error
    extras.onAccepted?.()
    const form = await openForm(settings, context, life, admission.declaredLength, leftovers)
    const onFile = (part: FilePart) => {
      const file = stageFile(part, form)
      file.catch(life.fail)
      staging.push(file)
    }
    await readForm(request, admission.boundary, settings, { onField: fields.add, onFile }, signal)
    const staged = (await Promise.all(staging)).filter(file => file !== undefined)
    await checkForm(staged, settings, context)
    const files = await commitAll(staged, life.fail)
    signal.throwIfAborted()
    return { files, fields: fields.values }
  } catch (error) {
    life.fail(error)
    const rest = admission.ownsBody ? drain(request, settings) : undefined
    await abortAll(staging)
    rest?.startClock()
    const first = withLeftovers(signal.reason, leftovers)
    reportError(first, context, settings)
    throw first
  } finally {
    leaveBudget()
    life.end()
  }
}

async function openForm(
  settings: ResolvedOptions,
  context: UploadContext,
  { signal, fail }: UploadLife,
  declaredLength: number | undefined,
  leftovers: Leftover[],
): Promise<Form> {
  const client = settings.client ?? (await defaultClient())
  const permits = await permitsOf(client, settings)
  const scope = {
    client,
    s3: s3Requests(client, settings),
    signal,
    fail,
    permits,
    concurrency: settings.concurrency,
    memory: createUploadMemory(settings.memoryBudget, signal),
    reportLeftover: (leftover: Leftover) => leftovers.push(leftover),
  }
  return {
    settings,
    context,
    scope,
    declaredLength,
    count: { files: 0, bytes: 0 },
    keys: new Set(),
    turn: undefined,
  }
}

/** The user's own word on the whole form, while nothing of it is visible. */
async function checkForm(
  staged: StagedFile[],
  { validate }: ResolvedOptions,
  context: UploadContext,
): Promise<void> {
  if (validate === undefined) return
  const form = { files: staged.map(({ file }) => file), fields: context.fields }
  try {
    await untilAborted(async () => validate(form, context), context.signal)
  } catch (error) {
    throw refusalOf(error)
  }
}

/** Logging that fails must not become the failure of the process. */
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
  // An error of a hook: only what there is to be told is put on it.
  else if (leftovers.length > 0 && error instanceof Error && Object.isExtensible(error)) {
    Object.assign(error, { leftovers })
  }
  return error
}
