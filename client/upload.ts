import type { DefaultRoute, ResultOf } from './contract.ts'
import { aborted, UploadError } from './errors.ts'
import { type Form, readForm } from './form.ts'
import { tell, trackProgress } from './progress.ts'
import { delayAfter, pause } from './retry.ts'
import { send } from './send.ts'
import type { UploadInput, UploadOptions } from './types.ts'

/**
 * Sends files and fields as one form, and resolves with the server's answer when it has confirmed that all are stored.
 *
 * @example
 * const { files } = await upload('/upload', input.files, { onProgress: ({ ratio }) => { bar.value = ratio } })
 * @throws UploadError whatever went wrong; TypeError for options that cannot be
 */
export async function upload<Route = DefaultRoute>(
  url: string | URL,
  input: UploadInput,
  options: UploadOptions = {},
): Promise<ResultOf<Route>> {
  const form = readForm(input, options.field)
  const { signal, headers = {}, retries = 2, onRetry } = options
  if (Object.keys(headers).some(name => /^content-type$/i.test(name))) {
    throw new TypeError('Content-Type is for the browser to set: only it knows the boundary.')
  }
  for (let attempt = 1; ; attempt++) {
    if (signal?.aborted) throw aborted(signal)
    try {
      return (await attemptUpload(url, form, options, attempt)) as ResultOf<Route>
    } catch (error) {
      const delay =
        error instanceof UploadError && attempt <= retries ? delayAfter(error, attempt) : undefined
      if (delay === undefined) throw error
      tell(onRetry, { error: error as UploadError, attempt: attempt + 1, delay })
      await pause(delay, signal)
    }
  }
}

async function attemptUpload(
  url: string | URL,
  form: Form,
  options: UploadOptions,
  attempt: number,
): Promise<unknown> {
  const report = trackProgress(form, attempt, options)
  report('sending')
  try {
    const result = await send(url, form, options, (loaded, size, all) =>
      report(all ? 'storing' : 'sending', loaded, size),
    )
    report('done')
    return result
  } catch (error) {
    if (error instanceof UploadError && error.code === 'UNREACHABLE') await checkFiles(form)
    throw error
  }
}

/** Browsers call it a network error too when a file has been changed or removed since it was chosen. */
async function checkFiles({ files }: Form): Promise<void> {
  for (const { file, field } of files) {
    await file
      .slice(0, 1)
      .arrayBuffer()
      .catch(cause => {
        const message = `${file.name} has been changed or removed since it was chosen.`
        throw new UploadError('FILE_UNREADABLE', message, { field, filename: file.name, cause })
      })
  }
}
