// Passes files from the button or a drop to uploadEach(), and shows its items as rows.
import { uploadEach } from '/client.js'
import LIMITS from '/limits.js'
import { showBucket } from './bucket.js'
import { createRow } from './row.js'
import { watchServer } from './server.js'
import { size, time } from './words.js'

const $ = selector => document.querySelector(selector)
/** One batch per selection or drop, with a row for each of its items, until the user clears the list. */
let batches = []

function start(files) {
  if (files.length === 0) return
  const { value: url } = $('input[name=route]:checked')
  // The server counts the files of one request, and here each file has its own.
  const { accept, maxFileSize } = $('#check').checked ? LIMITS[url] : {}
  const batch = { sent: 0, total: 0, rate: 0 }
  const { items } = uploadEach(url, files, {
    accept,
    maxFileSize,
    concurrency: 2,
    retries: 4,
    onProgress(progress) {
      Object.assign(batch, { rate: 0 }, progress)
      show(progress.item, batch.rows[progress.items.indexOf(progress.item)])
    },
  })
  Object.assign(batch, { items, rows: items.map(item => createRow(item, $('#row'))) })
  batches.unshift(batch)
  addToTop(...batch.rows)
  showTotal()
}

/** Failed rows stay above all others. Below them, the newest batch is on top, in the order of the selection. */
function addToTop(...rows) {
  const focused = document.activeElement
  const first = $('.row:not([data-phase=failed])')
  for (const { element } of rows) $('#rows').insertBefore(element, first)
  // A row that moves loses the focus.
  focused.focus()
}

function show(item, row) {
  const before = row.phase
  if (item.phase === 'failed' && before !== 'failed') addToTop(row)
  row.update(item)
  showTotal()
  if (item.phase === before) return
  if (item.phase === 'done') showBucket()
  if (item.phase === 'done') announce(`${item.file.name} was stored.`)
  if (item.phase === 'failed') announce(`${item.file.name} was not stored. ${row.error}`)
  if (item.phase === 'cancelled') announce(`${item.file.name} was cancelled.`)
}

function showTotal() {
  const items = batches.flatMap(batch => batch.items)
  const sum = name => batches.reduce((all, batch) => all + (batch[name] ?? 0), 0)
  const count = (...phases) => items.filter(({ phase }) => phases.includes(phase)).length
  const stored = count('done')
  const failed = count('failed', 'cancelled')
  const running = items.length - stored - failed
  const [sent, total, rate] = [sum('sent'), sum('total'), sum('rate')]

  $('#queue').hidden = items.length === 0
  $('.upload').classList.toggle('compact', items.length > 0)
  $('#total-title').textContent = running ? `Uploading ${running} of ${items.length}` : 'Finished'
  $('#total-bar').value = running ? Math.min(0.99, sent / total || 0) : 0
  $('#total-facts').textContent = [
    running && `${size(sent)} of ${size(total)}`,
    running && rate && `${size(rate)}/s`,
    running && rate && total > sent && `${time((total - sent) / rate)} left`,
    stored && `${stored} stored`,
    failed && `${failed} not stored`,
  ]
    .filter(Boolean)
    .join(' · ')
  $('#total-bar').hidden = running === 0
  // Both buttons stay in place: the second click of a double click must not hit the other button.
  $('#cancel-all').disabled = running === 0
  $('#clear').disabled = running > 0
}

function isRunning() {
  return batches.some(({ items }) => items.some(({ phase }) => /queued|sending|storing/.test(phase)))
}

function announce(text) {
  $('#announcer').textContent = text
}

$('#files').addEventListener('change', ({ target }) => {
  start([...target.files])
  target.value = ''
})

// Enter would submit the form, which exists for browsers without JavaScript.
$('form').addEventListener('keydown', event => {
  if (event.key !== 'Enter') return
  event.preventDefault()
  $('#files').click()
})

// The whole page accepts drops: otherwise a drop next to the zone makes the browser open the file.
for (const type of ['dragover', 'dragleave', 'drop']) {
  addEventListener(type, event => {
    const hasFiles = event.dataTransfer?.types.includes('Files')
    if (!hasFiles) return
    event.preventDefault()
    document.body.classList.toggle('dropping', type === 'dragover')
    if (type === 'drop') start([...event.dataTransfer.files])
  })
}

$('#cancel-all').addEventListener('click', () => {
  for (const item of batches.flatMap(({ items }) => items)) item.cancel()
  $('#files').focus()
})

$('#clear').addEventListener('click', () => {
  for (const row of batches.flatMap(({ rows }) => rows)) row.remove()
  batches = []
  showTotal()
  $('#files').focus()
})

addEventListener('beforeunload', event => {
  if (isRunning()) event.preventDefault()
})

watchServer()
showBucket()
