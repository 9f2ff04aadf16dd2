import { createServer } from 'node:http'
import busboy from 'busboy'
import { created, failed, LIMITS } from './common.js'

/** A lower bound: parses the form and discards its bytes. Stores nothing. */
export function create() {
  return createServer((request, response) => {
    const parser = busboy({ headers: request.headers, limits: LIMITS })
    parser.on('file', (_field, file) => file.resume())
    parser.once('error', error => failed(response, error))
    parser.once('close', () => created(response, []))
    request.pipe(parser)
  })
}
