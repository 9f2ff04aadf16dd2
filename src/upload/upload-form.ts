import type { ServerResponse } from 'node:http'
import { maxKeptMemory } from '../form/kept-size.ts'
import { type FilePart, readForm } from '../form/read-form.ts'
import { ReadingMeter } from '../form/reading-meter.ts'
import { admitRequest } from '../http/admit-request.ts'
import { drain } from '../http/drain.ts'
import { pendingResponse } from '../http/pending-response.ts'
import { createUploadMemory, type PendingResponse } from '../memory/upload-memory.ts'
import type { ResolvedOptions } from '../options/resolve-options.ts'
import { ruleOf } from '../policy/field-rules.ts'
import { checkMinCounts } from '../policy/file-checks.ts'
import { type Leftover, UploadError } from '../shared/errors.ts'
import type { FormResult, IncomingRequest, StoredUpload } from '../shared/types.ts'
import { alreadyAnswered } from '../shared/upload-errors.ts'
import { abortAll, commitAll } from './commit-files.ts'
import { createFormFields } from './form-fields.ts'
import { type FormFiles, noFiles } from './form-state.ts'
import { reportError } from './report-error.ts'
import { withRollback } from './rollback.ts'
import { runOnStored } from './run-on-stored.ts'
import { type StagedFile, stageFile } from './stage-file.ts'
import { openScope } from './upload-scope.ts'
import { createUploadSignal } from './upload-signal.ts'
import { validateForm } from './validate-form.ts'
import { warnOfLeftovers } from './warn-of-leftovers.ts'

export interface UploadExtras {
  /** Added to the context that hooks receive. */
  context?: object
  /** Called when every check before the body has passed, just before the body is read. */
  onAccepted?(): void
  /** Called with the options of this request, if they are not the route's. */
  onOptions?(options: ResolvedOptions): void
  /** The error with which the application has refused the request, before an upload began. */
  refusal?: { readonly error: unknown }
  /** Returns true if other code has responded to the request. The upload then stores nothing. */
  isAnswered?(): boolean
  /** Contains the fields, so they count as memory until it has been sent. */
  response?: ServerResponse
}

export interface StoredForm {
  readonly result: StoredUpload
  /** The value that `onStored` returned. */
  readonly body: unknown
}

/** The conductor. Only this function knows the order of the steps, and only it fails an upload. */
export async function uploadForm(
  request: IncomingRequest,
  settings: ResolvedOptions,
  extras: UploadExtras = {},
): Promise<StoredForm> {
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
  const fields = createFormFields(settings)
  const context = { request, fields: fields.received, signal, ...extras.context }
  const files = noFiles()
  const staging: Promise<StagedFile | undefined>[] = []
  const leftovers: Leftover[] = []
  let response: PendingResponse | undefined
  try {
    signal.throwIfAborted()
    if (extras.refusal) throw extras.refusal.error
    if (admission.error) throw admission.error
    extras.onAccepted?.()
    const scope = await openScope(settings, signal, memory, leftovers)
    const { declaredLength } = admission
    const beginFile = () => fields.beginFile(signal)
    const form = Object.assign(files, { settings, context, scope, declaredLength, beginFile, fail })
    const onFile = (part: FilePart) => {
      const file = stageFile(part, form)
      file.catch(fail)
      staging.push(file)
    }
    const headSize = (field: string) => ruleOf(field, settings.fieldRules)?.headSize ?? 0
    const handlers = { onField: fields.add, onFile, headSize, keep: memory.keep }
    await readForm(admission.body, admission, settings, handlers, signal, meter)
    const staged = (await Promise.all(staging)).filter(file => file !== undefined)
    const received = staged.map(({ file }) => file)
    checkMinCounts(received, settings.fieldRules)
    checkUnanswered(extras)
    const output = await fields.judge(signal)
    await validateForm(withSkipped({ files: received, fields: output }, files), settings, context)
    checkUnanswered(extras)
    const stored = await commitAll(staged, fail)
    signal.throwIfAborted()
    checkUnanswered(extras)
    // From here on, only onStored undoes the upload.
    upload.stopWatching()
    const result = withSkipped({ files: stored, fields: output }, files)
    const body = await runOnStored(result, settings, context)
    warnOfLeftovers(leftovers)
    response = extras.response && pendingResponse(extras.response)
    return { result: withRollback(result, files.opened, leftovers, upload.end), body }
  } catch (error) {
    upload.end(error)
    const rest = admission.ownsBody ? drain(request, settings) : undefined
    await abortAll(files.opened, staging)
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

function withSkipped<Result extends FormResult>(result: Result, { skipped }: FormFiles): Result {
  return skipped.length === 0 ? result : Object.assign(result, { skipped })
}

/** A client with another response must not find its files stored. So this is checked before and after the commit. */
function checkUnanswered({ isAnswered }: UploadExtras): void {
  if (isAnswered?.()) throw alreadyAnswered()
}

function withLeftovers(error: unknown, leftovers: readonly Leftover[]): unknown {
  // An error of a hook gets the property only if there are leftovers. It may be frozen.
  if (error instanceof UploadError || leftovers.length > 0) {
    Reflect.set(error as object, 'leftovers', leftovers)
  }
  return error
}
