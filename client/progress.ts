import type { Form } from './form.ts'
import { createMeter } from './meter.ts'
import type { FileProgress, UploadOptions, UploadPhase } from './types.ts'

/** Not 1: what is sent is not yet stored. */
export const MOST_BEFORE_DONE = 0.99

export type Report = (phase: UploadPhase, loaded?: number, size?: number) => void

/** Turns bytes of one attempt's body into what the page is told. */
export function trackProgress({ files }: Form, attempt: number, { onProgress }: UploadOptions): Report {
  const total = files.reduce((sum, { file }) => sum + file.size, 0)
  const measure = createMeter()

  return (phase, loaded = 0, size = total) => {
    if (!onProgress) return
    // Files come last in the form: all framing counts as sent before them, which errs to the honest side.
    const sent = phase === 'sending' ? Math.max(0, loaded - Math.max(0, size - total)) : total
    const rate = phase === 'sending' ? measure(sent) : undefined
    tell(onProgress, {
      phase,
      sent,
      total,
      ratio: phase === 'done' ? 1 : Math.min(MOST_BEFORE_DONE, sent / total || 0),
      rate,
      secondsLeft: rate ? (total - sent) / rate : undefined,
      attempt,
      files: share(sent, files),
    })
  }
}

/** Files are sent one after the other. */
function share(sent: number, files: Form['files']): FileProgress[] {
  let left = sent
  return files.map(({ file, field }) => {
    const own = Math.min(left, file.size)
    left -= own
    return { file, field, sent: own, total: file.size }
  })
}

/** A page's mistake in its callback is the page's: it shows up there, and the upload goes on. */
export function tell<Value>(callback: ((value: Value) => void) | undefined, value: Value): void {
  try {
    callback?.(value)
  } catch (error) {
    setTimeout(() => {
      throw error
    })
  }
}
