import { describe, expect, it } from 'vitest'
import { AwsChunkedDecoder } from '../../testing/body/aws-chunked.ts'

function decode(...pieces: Buffer[]) {
  let text = ''
  const decoder = new AwsChunkedDecoder(bytes => {
    text += bytes
  })
  for (const piece of pieces) decoder.write(piece)
  return { text, trailers: Object.fromEntries(decoder.end()) }
}

const BODY = Buffer.from(
  '4;chunk-signature=abc\r\n1234\r\n5\r\n\r\n\r\n9\r\n0\r\nx-amz-checksum-crc32:AAAA==\r\n\r\n',
)
const DECODED = { text: '1234\r\n\r\n9', trailers: { 'x-amz-checksum-crc32': 'AAAA==' } }

describe('AwsChunkedDecoder', () => {
  it('decodes a body split at any byte', () => {
    for (let cut = 0; cut <= BODY.length; cut++) {
      expect(decode(BODY.subarray(0, cut), BODY.subarray(cut))).toEqual(DECODED)
    }
    expect(decode(...[...BODY].map(byte => Buffer.of(byte)))).toEqual(DECODED)
  })

  it('rejects a body truncated at any byte', () => {
    for (let end = 0; end < BODY.length; end++) {
      expect(() => decode(BODY.subarray(0, end))).toThrow('The aws-chunked body is truncated')
    }
  })

  it.each([
    ['an invalid chunk size', 'hello\r\n'],
    ['bytes after a chunk', '1\r\nab\r\n'],
    ['a line over 4096 bytes', '0'.repeat(5000)],
    ['bytes after the end', '0\r\n\r\nmore\r\n'],
  ])('rejects %s', (_, body) => {
    expect(() => decode(Buffer.from(body))).toThrow(expect.objectContaining({ code: 'IncompleteBody' }))
  })
})
