import { cancellable } from './cancellable.ts'
import type { DefaultRoute, ResultOf } from './contract.ts'
import { aborted, UploadError } from './errors.ts'
import { checkFile } from './file-limits.ts'
import { type Form, type FormFile, readForm } from './form.ts'
import { notify, trackProgress } from './progress.ts'
import { type Attempt, createRetryPolicy, wait } from './retry.ts'
import { send } from './send.ts'
import type { UploadInput, UploadOptions } from './types.ts'

/**
 * Uploads files and fields as one form. Resolves with the server's response after the server has stored every file.
 *
 * @example
 * const { files } = await upload('/upload', input.files, { onProgress: ({ ratio }) => { bar.value = ratio } })
 * @throws UploadError if the upload fails or exceeds a limit of the options; TypeError if an option is invalid
 */
export async function upload<Route = DefaultRoute>(
  url: string | URL,
  input: UploadInput,
  options: UploadOptions = {},
): Promise<ResultOf<Route>> {
  const form = readForm(input, options.field)
  const { signal, headers = {}, retries, onRetry } = options
  if (Object.keys(headers).some(name => /^content-type$/i.test(name))) {
    throw new TypeError('headers must not contain Content-Type: the browser sets it.')
  }
  if (signal?.aborted) throw aborted(signal)
  for (const [index, file] of form.files.entries()) checkFile(file, index, options)
  const delayAfter = createRetryPolicy(retries)
  for (let number = 1; ; number++) {
    const attempt = { number, sent: 0, allSent: false }
    try {
      return (await attemptUpload(url, form, options, attempt)) as ResultOf<Route>
    } catch (error) {
      const delay = error instanceof UploadError ? delayAfter(error, attempt) : undefined
      if (delay === undefined) throw error
      notify(onRetry, { error: error as UploadError, attempt: number + 1, delay })
      await wait(delay, signal)
    }
  }
}

async function attemptUpload(
  url: string | URL,
  form: Form,
  options: UploadOptions,
  attempt: Attempt,
): Promise<unknown> {
  const report = trackProgress(form, attempt.number, options)
  report('sending')
  try {
    const result = await send(url, form, options, (sent, size, allSent) => {
      Object.assign(attempt, { sent, allSent })
      report(allSent ? 'storing' : 'sending', sent, size)
    })
    report('done')
    return result
  } catch (error) {
    if (error instanceof UploadError && error.code === 'UNREACHABLE') await checkReadable(form, options)
    throw error
  }
}

/** Throws `FILE_UNREADABLE` if a file was changed or removed: browsers report that as a network error too. */
function checkReadable({ files }: Form, { signal }: UploadOptions): Promise<void> {
  return cancellable(signal, (resolve, reject) => {
    readFirstBytes(files).then(resolve, reject)
    return undefined
  })
}

async function readFirstBytes(files: FormFile[]): Promise<void> {
  for (const { file, field } of files) {
    await file
      .slice(0, 1)
      .arrayBuffer()
      .catch(cause => {
        const message = `${file.name} was changed or removed after it was selected. Select it again.`
        throw new UploadError('FILE_UNREADABLE', message, { field, filename: file.name, cause })
      })
  }
}
