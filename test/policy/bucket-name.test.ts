import { afterEach, describe, expect, it, vi } from 'vitest'
import { checkBucketName } from '../../src/policy/bucket-name.ts'

const check = (value: unknown) => checkBucketName(value, 'bucket')

describe('checkBucketName', () => {
  it.each([
    ['my-bucket'],
    ['my.bucket.example.com'],
    ['legacy_bucket'],
    ['b'],
    ['tenant:bucket'],
    ['bucket--use1-az4--x-s3'],
    ['my-ap-5m9hszs5pkyqpqbtjgfqy8g74nx2zusw2a-s3alias'],
    ['my-olap-s3alias--ol-s3'],
    ['arn:aws:s3:us-west-2:123456789012:accesspoint/My-ap'],
    ['arn:aws:s3-outposts:us-west-2:123456789012:outpost/op-1/accesspoint/ap'],
    ['arn:aws:s3-object-lambda:us-west-2:123456789012:accesspoint/ol'],
    ['arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap'],
    ['arn:aws-cn:s3:cn-north-1:123456789012:accesspoint:ap'],
  ])('accepts %s without a warning', async name => {
    const warnings = watchWarnings()
    expect(check(name)).toBe(name)
    expect(warnings).not.toHaveBeenCalled()
  })

  it.each([
    ['s3://x', /not a URL; it is 's3:\/\/x'\. Write bucket: 'x'\.$/],
    ['s3://x/', /Write bucket: 'x'\.$/],
    ['S3://x/y/z', /Write bucket: 'x', prefix: 'y\/z\/'\.$/],
    ['a/b', /without slashes; it is 'a\/b'\. Write bucket: 'a', prefix: 'b\/'\.$/],
    ['/a/b/', /Write bucket: 'a', prefix: 'b\/'\.$/],
    ['a/', /Write bucket: 'a'\.$/],
    ['/', /without slashes; it is '\/'\.$/],
    ['https://b.s3.amazonaws.com/x', /not a URL; .* `endpoint` of the client\.$/],
    ['http://127.0.0.1:9000/b', /`endpoint` of the client/],
    ['', /non-empty string; it is ''\.$/],
    [' ', /without blanks/],
    ['my bucket', /without blanks.*'my bucket'\.$/],
    ['my-bucket\n', /without blanks.*'my-bucket\\n'\.$/],
    ['b\u00a0', /without blanks/],
    ['b\u200b', /without blanks/],
    ['b\0', /without blanks/],
    ['b?acl', /special characters/],
    ['b#', /special characters/],
    ['a\\b', /special characters/],
    ['..', /special characters/],
    ['arn:aws:s3:::b\r\n', /without blanks/],
    [undefined, /non-empty string; it is undefined/],
    [5, /non-empty string; it is 5/],
  ])('refuses %j', (value, message) => {
    expect(() => check(value)).toThrow(TypeError)
    expect(() => check(value)).toThrow(/^bucket must be a /)
    expect(() => check(value)).toThrow(message)
  })

  it('throws an error whose leftovers can be read, as those of a failed upload', () => {
    const error = (() => {
      try {
        check('a/b')
      } catch (error) {
        return error
      }
    })()
    expect(error).toMatchObject({ name: 'TypeError', leftovers: [] })
  })

  it('warns of upper case once for the process', async () => {
    const warnings = watchWarnings()
    expect(check('My-Bucket')).toBe('My-Bucket')
    expect(check('Other-Bucket')).toBe('Other-Bucket')
    expect(warnings).toHaveBeenCalledOnce()
    expect(warnings).toHaveBeenCalledWith(
      expect.stringContaining("bucket 'My-Bucket' has upper case"),
      's3-upstream',
    )
  })
})

function watchWarnings() {
  return vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
}
afterEach(() => {
  vi.restoreAllMocks()
})
