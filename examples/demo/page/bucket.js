// Shows the files in the bucket, newest first.
import { fillThumb } from './thumb.js'
import { size } from './words.js'

const $ = selector => document.querySelector(selector)
let asked = 0
/** Elements by key. Shown elements stay, so the browser fetches no image twice. */
const shown = new Map()

export async function showBucket() {
  const turn = ++asked
  const answer = await fetch('/files')
    .then(response => response.json())
    .catch(() => ({ title: 'Cannot reach the server', detail: '' }))
  // Responses can arrive out of order: only the response to the latest request counts.
  if (turn !== asked) return
  const { storage, title, detail, files = [] } = answer
  $('#storage').textContent = storage ? `Storage: ${storage}.` : `${title}. ${detail}`
  for (const file of files) if (!shown.has(file.key)) shown.set(file.key, createObject(file))
  $('#objects').replaceChildren(...files.map(({ key }) => shown.get(key)))
  $('#nothing').hidden = files.length > 0
}

function link(href, textContent) {
  return Object.assign(document.createElement('a'), { href, textContent, target: '_blank', rel: 'noopener' })
}

function createObject({ key, filename, type, size: bytes, kept }) {
  const element = $('#object').content.firstElementChild.cloneNode(true)
  const href = `/files/${encodeURIComponent(key)}`
  const thumb = element.querySelector('.thumb')
  fillThumb(thumb, { name: filename, type }, kept && href)
  const name = filename || '(no name)'
  // The demo's S3 server does not keep the bytes of large files.
  element.querySelector('.name').title = name
  element.querySelector('.name').append(kept ? link(href, name) : name)
  element.querySelector('.facts').textContent =
    `${type} · ${size(bytes)}${kept ? '' : ' · too large to open in the demo'}`
  element.querySelector('code').textContent = key
  return element
}
