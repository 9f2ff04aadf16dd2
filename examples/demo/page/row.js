// Shows one upload as a row: its file, its progress, its buttons.
import { fillThumb } from './thumb.js'
import { explain, mayRetry, size, time } from './words.js'

const STEPS = ['sending', 'storing']

/** Bytes. Browsers stop responding while they decode gigabytes. */
const MAX_PREVIEW_SIZE = 20e6

/** `item` is the state at the start. `update()` shows a later one. */
export function createRow(item, template) {
  const element = template.content.firstElementChild.cloneNode(true)
  const $ = selector => element.querySelector(selector)
  const { file } = item
  const isPicture = file.type.startsWith('image/') && file.size <= MAX_PREVIEW_SIZE
  const preview = isPicture && URL.createObjectURL(file)

  $('.name').textContent = file.name
  // A long name is cut after two lines.
  $('.name').title = file.name
  fillThumb($('.thumb'), file, preview)
  $('progress').ariaLabel = `Progress of ${file.name}`
  $('.cancel').ariaLabel = `Cancel ${file.name}`
  $('.retry').ariaLabel = `Try again: ${file.name}`
  $('.cancel').addEventListener('click', () => item.cancel())
  $('.retry').addEventListener('click', () => item.retry())

  const row = {
    element,
    phase: undefined,
    /** The error message. Empty unless the upload failed. */
    error: '',
    update(item) {
      row.phase = item.phase
      row.error = item.phase === 'failed' ? explain(item.error, file) : ''
      element.dataset.phase = item.retrying ? 'waiting' : item.phase
      $('.facts').replaceChildren(...facts(item))
      showProgress(item)
      showError(item)
      const { phase } = item
      const failed = phase === 'failed' || phase === 'cancelled'
      toggle($('.cancel'), !failed && phase !== 'done', $('.retry'))
      toggle($('.retry'), failed && mayRetry(item.error), $('.cancel'))
    },
    remove() {
      if (preview) URL.revokeObjectURL(preview)
      element.remove()
    },
  }
  row.update(item)
  return row

  function showProgress({ phase, progress }) {
    $('progress').value = phase === 'done' ? 1 : (progress?.ratio ?? 0)
    const now = STEPS.indexOf(phase)
    $('.phases').hidden = now < 0 && phase !== 'queued'
    for (const [index, step] of [...$('.phases').children].entries()) {
      step.classList.toggle('now', index === now)
      step.classList.toggle('over', index < now)
    }
  }

  function showError({ error }) {
    const { status, code } = error ?? {}
    $('.error').hidden = row.error === ''
    $('.error .words').textContent = row.error
    $('.error code').textContent = [status, code].filter(Boolean).join(' ')
  }
}

function facts({ phase, progress, file, retrying, result }) {
  if (retrying) {
    const seconds = time(retrying.delay / 1000)
    return [`${explain(retrying.error, file)} Retrying in ${seconds} (attempt ${retrying.attempt}).`]
  }
  if (phase === 'queued') return [`Waiting · ${size(file.size)}`]
  if (phase === 'cancelled') return ['Cancelled. Nothing was stored.']
  if (phase === 'failed') return [`Not stored · ${size(file.size)}`]
  if (phase === 'storing') return [`Sent all ${size(file.size)}. Waiting for S3 to confirm.`]
  if (phase === 'done') return [`Stored · ${size(file.size)} · `, link(result.files[0])]
  const { sent = 0, total = file.size, ratio = 0, rate, secondsLeft } = progress ?? {}
  return [
    [
      `${Math.floor(ratio * 100)} %`,
      `${size(sent)} of ${size(total)}`,
      rate && `${size(rate)}/s`,
      rate && `${time(secondsLeft)} left`,
    ]
      .filter(Boolean)
      .join(' · '),
  ]
}

function link({ key }) {
  const href = `/files/${encodeURIComponent(key)}`
  return Object.assign(document.createElement('a'), { href, target: '_blank', textContent: 'Open' })
}

/** Shows or hides a button. If a focused button is hidden, the focus moves to the other one. */
function toggle(button, shown, other) {
  const hadFocus = !shown && document.activeElement === button
  button.hidden = !shown
  if (hadFocus) {
    other.hidden = false
    other.focus()
  }
}
