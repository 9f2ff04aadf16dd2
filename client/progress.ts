import type { Form } from './form.ts'
import { createMeter } from './meter.ts'
import type { FileProgress, UploadOptions, UploadPhase } from './types.ts'

/** Below 1, because bytes that were sent are not stored yet. */
export const MAX_RATIO_BEFORE_DONE = 0.99

export type Report = (phase: UploadPhase, loaded?: number, size?: number) => void

/** Returns a function that converts the bytes sent of one attempt's body to progress, and calls `onProgress`. */
export function trackProgress({ files }: Form, attempt: number, { onProgress }: UploadOptions): Report {
  const total = files.reduce((sum, { file }) => sum + file.size, 0)
  const measure = createMeter()

  return (phase, loaded = 0, size = total) => {
    if (!onProgress) return
    // Files are last in the form. Counting all framing as sent before them never overestimates the progress.
    const sent = phase === 'sending' ? Math.max(0, loaded - Math.max(0, size - total)) : total
    const rate = phase === 'sending' ? measure(sent) : undefined
    notify(onProgress, {
      phase,
      sent,
      total,
      ratio: phase === 'done' ? 1 : Math.min(MAX_RATIO_BEFORE_DONE, sent / total || 0),
      rate,
      secondsLeft: rate ? (total - sent) / rate : undefined,
      attempt,
      files: progressByFile(sent, files),
    })
  }
}

/** Assigns the bytes to the files in order: the browser sends one file after the other. */
function progressByFile(sent: number, files: Form['files']): FileProgress[] {
  let remaining = sent
  return files.map(({ file, field }) => {
    const sent = Math.min(remaining, file.size)
    remaining -= sent
    return { file, field, sent, total: file.size }
  })
}

/** Calls a callback of the page. An error in it becomes an uncaught error of the page; the upload continues. */
export function notify<Value>(callback: ((value: Value) => void) | undefined, value: Value): void {
  try {
    callback?.(value)
  } catch (error) {
    setTimeout(() => {
      throw error
    })
  }
}
