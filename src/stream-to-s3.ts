import { sharedBuffers } from './buffer-pool.ts'
import { checkRequest, claimRequest, declaredLength } from './check-request.ts'
import { abortAll, commitAll } from './commit.ts'
import { drain } from './drain.ts'
import { type Leftover, UploadError } from './errors.ts'
import { createFields, type FormFields } from './form-fields.ts'
import type { StreamToS3Options } from './options.ts'
import { type FilePart, parseMultipart } from './parse-multipart.ts'
import { s3Requests } from './s3-requests.ts'
import { defaultClient } from './sdk.ts'
import { resolveOptions, type Settings } from './settings.ts'
import { createSlots } from './slots.ts'
import { type Form, type StagedFile, stageFile } from './stage-file.ts'
import type { IncomingRequest, UploadContext, UploadedFile, UploadResult } from './types.ts'
import { type UploadLife, watchUpload } from './upload-life.ts'

/**
 * Streams every file of a multipart form to S3. Resolves when S3 has confirmed all of them. Otherwise none is
 * stored, and it rejects with an `UploadError`, or with what a hook threw; what the request still sends is then
 * read and dropped for a while, so that the client can be answered.
 *
 * @throws TypeError at once, for options that cannot be
 */
export function streamToS3<Context extends UploadContext>(
  request: IncomingRequest,
  options: StreamToS3Options<Context>,
): Promise<UploadResult> {
  return uploadForm(request, resolveOptions(options))
}

/**
 * The conductor: it alone knows the order of the steps, and it alone ends an upload.
 *
 * @param extra joins what hooks are given as their context
 */
export async function uploadForm(
  request: IncomingRequest,
  settings: Settings,
  extra: object = {},
): Promise<UploadResult> {
  const life = watchUpload(request, settings.signal)
  const fields = createFields(settings)
  const context = { ...extra, request, fields: fields.values, signal: life.signal }
  try {
    claimRequest(request)
    const files = await conduct(settings, fields, context, life)
    return { files, fields: fields.values }
  } catch (error) {
    reportError(error, context, settings)
    throw error
  } finally {
    life.end()
  }
}

async function conduct(
  settings: Settings,
  fields: FormFields,
  context: UploadContext,
  life: UploadLife,
): Promise<UploadedFile[]> {
  const { request, signal } = context
  const leftovers: Leftover[] = []
  const staging: Promise<StagedFile | undefined>[] = []
  try {
    signal.throwIfAborted()
    checkRequest(request, settings)
    const form = await openForm(settings, context, life, leftovers)
    const onFile = (part: FilePart) => {
      const file = stageFile(part, form)
      file.catch(life.fail)
      staging.push(file)
    }
    await parseMultipart(request, settings, { onField: fields.add, onFile }, signal)
    const staged = (await Promise.all(staging)).filter(file => file !== undefined)
    const files = await commitAll(staged, life.fail)
    signal.throwIfAborted()
    return files
  } catch (error) {
    life.fail(error)
    drain(request)
    await abortAll(staging)
    throw withLeftovers(signal.reason, leftovers)
  }
}

async function openForm(
  settings: Settings,
  context: UploadContext,
  { signal, fail }: UploadLife,
  leftovers: Leftover[],
): Promise<Form> {
  const client = settings.client ?? (await defaultClient())
  const scope = {
    client,
    s3: s3Requests(client),
    signal,
    slots: createSlots(settings.concurrency),
    concurrency: settings.concurrency,
    buffers: sharedBuffers,
    reportLeftover: (leftover: Leftover) => leftovers.push(leftover),
  }
  return {
    settings,
    context,
    scope,
    declaredLength: declaredLength(context.request),
    count: { files: 0, bytes: 0 },
    keys: new Set(),
    fail,
  }
}

function reportError(error: unknown, context: UploadContext, { onError }: Settings): void {
  try {
    onError?.(error, context)
  } catch (fault) {
    process.emitWarning(`onError threw: ${fault}`, 's3-upstream')
  }
}

function withLeftovers(error: unknown, leftovers: Leftover[]): unknown {
  if (error instanceof UploadError) error.leftovers = leftovers
  return error
}
