import { readAnswer } from './answer.ts'
import { cancellable } from './cancellable.ts'
import { UploadError } from './errors.ts'
import type { Form } from './form.ts'
import type { UploadOptions } from './types.ts'

/** Tells how many bytes of the request's body, framing included, are sent; `all` when nothing is left to send. */
export type OnSent = (loaded: number, size: number, all: boolean) => void

const TICK = 1000

/** One attempt. `onSent` is called for every step, and each second, but not after the promise has settled. */
export function send(
  url: string | URL,
  { data }: Form,
  options: UploadOptions,
  onSent: OnSent,
): Promise<unknown> {
  const { signal, method = 'POST', headers = {}, timeout = 60_000, storingTimeout = 150_000 } = options

  return cancellable(signal, (resolve, reject) => {
    const xhr = new XMLHttpRequest()
    const { upload } = xhr
    let state: Parameters<OnSent> = [0, 0, false]
    let lastStep = performance.now()

    function step({ loaded, total, type }: ProgressEvent): void {
      state = [loaded, total, type === 'load']
      lastStep = performance.now()
      onSent(...state)
    }

    // Timers of a hidden page run late, which makes this one patient, not wrong.
    function tick(): void {
      const limit = state[2] ? storingTimeout : timeout
      if (limit && performance.now() - lastStep >= limit) {
        reject(new UploadError('TIMEOUT', `There was no progress for ${limit / 1000} seconds.`))
      } else onSent(...state)
    }

    upload.onprogress = upload.onload = step
    xhr.onerror = () => reject(new UploadError('UNREACHABLE', 'The server cannot be reached, or broke off.'))
    xhr.onload = () => {
      try {
        resolve(readAnswer(xhr))
      } catch (error) {
        reject(error)
      }
    }
    xhr.open(method, url)
    xhr.withCredentials = options.withCredentials ?? false
    for (const [name, value] of Object.entries(headers)) xhr.setRequestHeader(name, value)
    xhr.send(data)
    const timer = setInterval(tick, TICK)

    return () => {
      clearInterval(timer)
      upload.onprogress = upload.onload = null
      xhr.abort()
    }
  })
}
