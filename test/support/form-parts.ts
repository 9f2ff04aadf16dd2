import type { Readable } from 'node:stream'
import busboy from 'busboy'
import { readForm } from '../../src/form/read-form.ts'
import { resolveOptions } from '../../src/options/resolve-options.ts'
import { BOUNDARY, FORM_TYPE } from './form-body.ts'
import { incoming } from './incoming.ts'

export type ReadPart =
  | { field: string; value: string }
  | { field: string; filename: string; type: string; body: string }

const LIMITS = resolveOptions('bucket', { maxFiles: 100, maxFieldNameSize: '1KB' })

/** The parts of a form as this library reads them: bodies of files in Latin-1. */
export async function readParts(chunks: Iterable<Buffer>): Promise<ReadPart[]> {
  const parts: ReadPart[] = []
  const { signal } = new AbortController()
  await readForm(
    incoming(chunks),
    { boundary: BOUNDARY, declaredLength: undefined },
    LIMITS,
    {
      onField: ({ name, value }) => parts.push({ field: name, value }),
      keep: () => undefined,
      onFile({ file, stream }) {
        const part = { field: file.field, filename: file.filename, type: file.type, body: '' }
        parts.push(part)
        collect(stream, part)
      },
    },
    signal,
  )
  return parts
}

/** The parts of a form as busboy alone reads them. */
export function busboyParts(chunks: Iterable<Buffer>): Promise<ReadPart[]> {
  return new Promise((resolve, reject) => {
    const parts: ReadPart[] = []
    const parser = busboy({ headers: { 'content-type': FORM_TYPE }, defParamCharset: 'utf8' })
    parser.on('field', (field, value) => parts.push({ field, value }))
    parser.on('file', (field, stream, { filename = '', mimeType: type }) => {
      const part = { field, filename, type, body: '' }
      parts.push(part)
      collect(stream, part)
    })
    parser.on('error', reject).on('close', () => resolve(parts))
    for (const chunk of chunks) parser.write(chunk)
    parser.end()
  })
}

function collect(stream: Readable, part: { body: string }): void {
  stream.on('data', (chunk: Buffer) => {
    part.body += chunk.toString('latin1')
  })
}
