import { randomBytes } from 'node:crypto'

/** Content of every file, over and over: random, as photos and archives are to a parser that looks for a boundary. */
const CONTENT = randomBytes(1024 * 1024)
const BOUNDARY = '----WebKitFormBoundary7MA4YWxkTrZu0gW'

const HEAD = Buffer.from(
  [
    `--${BOUNDARY}`,
    'Content-Disposition: form-data; name="title"',
    '',
    'Holiday',
    `--${BOUNDARY}`,
    'Content-Disposition: form-data; name="file"; filename="photo.bin"',
    'Content-Type: application/octet-stream',
    '',
    '',
  ].join('\r\n'),
)
const TAIL = Buffer.from(`\r\n--${BOUNDARY}--\r\n`)

/** A form with a text field and a file, as a browser would send it, handed out piece by piece. */
export class Form {
  type = `multipart/form-data; boundary=${BOUNDARY}`
  #taken = 0

  constructor(size) {
    this.size = size
    this.length = formLength(size)
  }

  /** The next bytes, at most `most` of them; undefined at the end. */
  take(most) {
    const fileEnd = HEAD.length + this.size
    let piece
    if (this.#taken < HEAD.length) piece = HEAD.subarray(this.#taken, this.#taken + most)
    else if (this.#taken < fileEnd) piece = this.#content(Math.min(most, fileEnd - this.#taken))
    else piece = TAIL.subarray(this.#taken - fileEnd, this.#taken - fileEnd + most)
    this.#taken += piece.length
    return piece.length > 0 ? piece : undefined
  }

  #content(most) {
    const start = (this.#taken - HEAD.length) % CONTENT.length
    return CONTENT.subarray(start, start + most)
  }
}

export function formLength(size) {
  return HEAD.length + size + TAIL.length
}
