// What is in the bucket, newest first.
import { fillThumb } from './thumb.js'
import { size } from './words.js'

const $ = selector => document.querySelector(selector)
let asked = 0
/** By key. What is shown already stays, so that no picture is fetched twice. */
const shown = new Map()

export async function showBucket() {
  const turn = ++asked
  const answer = await fetch('/files')
    .then(response => response.json())
    .catch(() => ({ title: 'The server cannot be reached', detail: '' }))
  // Of two answers that overtake each other, the later question has the newer one.
  if (turn !== asked) return
  const { storage, title, detail, files = [] } = answer
  $('#storage').textContent = storage ? `In ${storage}.` : `${title}. ${detail}`
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
  // The demo's own S3 forgets the bytes of large files.
  element.querySelector('.name').append(kept ? link(href, name) : name)
  element.querySelector('.facts').textContent =
    `${type} · ${size(bytes)}${kept ? '' : ' · too large to keep here'}`
  element.querySelector('code').textContent = key
  return element
}
