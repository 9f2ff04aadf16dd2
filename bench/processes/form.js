import { randomBytes } from 'node:crypto'

/** The start of a PNG, up to its image data: some contestants look at the type of the bytes. */
const PNG_START = Buffer.from(
  '89504e470d0a1a0a0000000d4948445200001000000010000802000000000000001ffffff049444154',
  'hex',
)

/** Repeated content of every file. Random, because photos and archives look random to a boundary search. */
const CONTENT = randomBytes(1024 * 1024)
PNG_START.copy(CONTENT)
const BOUNDARY = '----WebKitFormBoundary7MA4YWxkTrZu0gW'

const FORM_START = Buffer.from(
  [
    `--${BOUNDARY}`,
    'Content-Disposition: form-data; name="title"',
    '',
    'Holiday',
    `--${BOUNDARY}`,
    'Content-Disposition: form-data; name="file"; filename="photo.png"',
    'Content-Type: image/png',
    '',
    '',
  ].join('\r\n'),
)
const FORM_END = Buffer.from(`\r\n--${BOUNDARY}--\r\n`)

/** A form with a text field and a file, as a browser sends it. `read()` returns it in chunks. */
export class Form {
  type = `multipart/form-data; boundary=${BOUNDARY}`
  #position = 0

  constructor(size) {
    this.size = size
    this.length = formLength(size)
  }

  /** Returns the next bytes, at most `maxBytes`; undefined at the end. */
  read(maxBytes) {
    const fileEnd = FORM_START.length + this.size
    let chunk
    if (this.#position < FORM_START.length)
      chunk = FORM_START.subarray(this.#position, this.#position + maxBytes)
    else if (this.#position < fileEnd) chunk = this.#content(Math.min(maxBytes, fileEnd - this.#position))
    else chunk = FORM_END.subarray(this.#position - fileEnd, this.#position - fileEnd + maxBytes)
    this.#position += chunk.length
    return chunk.length > 0 ? chunk : undefined
  }

  #content(maxBytes) {
    const start = (this.#position - FORM_START.length) % CONTENT.length
    return CONTENT.subarray(start, start + maxBytes)
  }
}

export function formLength(size) {
  return FORM_START.length + size + FORM_END.length
}
