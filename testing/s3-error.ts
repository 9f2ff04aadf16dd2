export interface S3ErrorDetails {
  headers?: Record<string, string>
  /** Additional elements of the error document, such as `Condition`. */
  elements?: Record<string, string>
}

/** An error response of S3. See https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
export class S3Error extends Error {
  override readonly name = 'S3Error'
  readonly status: number
  readonly code: string
  readonly headers: Record<string, string>
  readonly elements: Record<string, string>

  constructor(status: number, code: string, message = code, details: S3ErrorDetails = {}) {
    super(message)
    this.status = status
    this.code = code
    this.headers = details.headers ?? {}
    this.elements = details.elements ?? {}
  }
}

export const noSuchBucket = () => new S3Error(404, 'NoSuchBucket', 'The specified bucket does not exist')

export const noSuchKey = (headers?: Record<string, string>) =>
  new S3Error(404, 'NoSuchKey', 'The specified key does not exist.', headers && { headers })

export const noSuchUpload = () =>
  new S3Error(
    404,
    'NoSuchUpload',
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
  )

export const invalidArgument = (message: string) => new S3Error(400, 'InvalidArgument', message)

export const invalidRequest = (message: string) => new S3Error(400, 'InvalidRequest', message)

export const accessDenied = (message = 'Access Denied') => new S3Error(403, 'AccessDenied', message)

export const incompleteBody = (
  message = 'You did not provide the number of bytes specified by the Content-Length HTTP header',
) => new S3Error(400, 'IncompleteBody', message)

export const malformedXml = () =>
  new S3Error(
    400,
    'MalformedXML',
    'The XML you provided was not well-formed or did not validate against our published schema',
  )

export const preconditionFailed = (condition: string) =>
  new S3Error(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', {
    elements: { Condition: condition },
  })

/** S3 rejects some combinations of conditional headers with 501. */
export const unsupportedHeader = (header: string) =>
  new S3Error(501, 'NotImplemented', 'A header you provided implies functionality that is not implemented', {
    elements: { Header: header },
  })

export const notImplemented = (what: string) =>
  new S3Error(501, 'NotImplemented', `startS3() does not implement ${what}`)
