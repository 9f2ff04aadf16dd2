import { UploadError } from '../shared/errors.ts'
import { clientFailed, clientSilent } from '../shared/upload-errors.ts'
import { reasonOf } from './s3-errors.ts'

/** Asks the application's client for its settings. They can be functions of the application, which may never settle. */
export async function askClient<T>(question: () => Promise<T>, milliseconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const silence = new Promise<never>((...[, reject]) => {
    timer = setTimeout(() => reject(clientSilent(milliseconds)), milliseconds)
  })
  try {
    return await Promise.race([question(), silence])
  } catch (cause) {
    throw cause instanceof UploadError ? cause : clientFailed(reasonOf(cause), cause)
  } finally {
    clearTimeout(timer)
  }
}
