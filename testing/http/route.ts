import type { IncomingMessage } from 'node:http'
import { S3Error } from '../s3-error.ts'
import type { Target } from './s3-request.ts'

/** Subresources that the server does not implement, each with the suffix of its operation names. */
const UNIMPLEMENTED_SUBRESOURCES: Record<string, string> = {
  accelerate: 'AccelerateConfiguration',
  acl: 'Acl',
  attributes: 'Attributes',
  cors: 'Cors',
  encryption: 'Encryption',
  'legal-hold': 'LegalHold',
  lifecycle: 'LifecycleConfiguration',
  location: 'Location',
  logging: 'Logging',
  notification: 'NotificationConfiguration',
  'object-lock': 'LockConfiguration',
  ownershipControls: 'OwnershipControls',
  policy: 'Policy',
  policyStatus: 'PolicyStatus',
  publicAccessBlock: 'PublicAccessBlock',
  replication: 'Replication',
  requestPayment: 'RequestPayment',
  restore: 'Restore',
  retention: 'Retention',
  select: 'Select',
  tagging: 'Tagging',
  torrent: 'Torrent',
  website: 'Website',
}

/**
 * Determines the operation, bucket and key of a request. Supports path-style addressing only.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
 */
export function route(request: IncomingMessage): Target {
  const url = request.url ?? '/'
  const queryStart = url.indexOf('?')
  const path = decodePath(queryStart < 0 ? url : url.slice(0, queryStart))
  const query = new URLSearchParams(queryStart < 0 ? '' : url.slice(queryStart))
  const slash = path.indexOf('/', 1)
  const bucket = slash < 0 ? path.slice(1) : path.slice(1, slash)
  const key = slash < 0 ? '' : path.slice(slash + 1)
  const method = request.method ?? 'GET'
  const isCopy = request.headers['x-amz-copy-source'] !== undefined
  return { operation: operationName(method, bucket, key, query, isCopy), bucket, key, query }
}

function decodePath(path: string): string {
  try {
    if (path.startsWith('/')) return decodeURIComponent(path)
  } catch {}
  throw new S3Error(400, 'InvalidURI', "Couldn't parse the specified URI.")
}

function operationName(
  method: string,
  bucket: string,
  key: string,
  query: URLSearchParams,
  isCopy: boolean,
): string {
  const name =
    bucket === ''
      ? { GET: 'ListBuckets' }[method]
      : key === ''
        ? bucketOperation(method, query)
        : objectOperation(method, query, isCopy)
  return name ?? `${method} ${key === '' ? 'on a bucket' : 'on an object'}`
}

function bucketOperation(method: string, query: URLSearchParams): string | undefined {
  const unimplemented = unimplementedOperation(method, 'Bucket', query)
  if (unimplemented !== undefined) return unimplemented
  if (query.has('delete')) return { POST: 'DeleteObjects' }[method]
  if (query.has('uploads')) return { GET: 'ListMultipartUploads' }[method]
  if (query.has('versions')) return { GET: 'ListObjectVersions' }[method]
  if (query.has('versioning')) return { GET: 'GetBucketVersioning', PUT: 'PutBucketVersioning' }[method]
  const list = query.get('list-type') === '2' ? 'ListObjectsV2' : 'ListObjects'
  const plain: Record<string, string> = {
    GET: list,
    HEAD: 'HeadBucket',
    PUT: 'CreateBucket',
    DELETE: 'DeleteBucket',
    POST: 'PostObject',
  }
  return plain[method]
}

function objectOperation(method: string, query: URLSearchParams, isCopy: boolean): string | undefined {
  const unimplemented = unimplementedOperation(method, 'Object', query)
  if (unimplemented !== undefined) return unimplemented
  if (query.has('uploads')) return { POST: 'CreateMultipartUpload' }[method]
  if (query.has('uploadId')) {
    const multipart: Record<string, string> = {
      GET: 'ListParts',
      PUT: isCopy ? 'UploadPartCopy' : 'UploadPart',
      POST: 'CompleteMultipartUpload',
      DELETE: 'AbortMultipartUpload',
    }
    return multipart[method]
  }
  const plain: Record<string, string> = {
    GET: 'GetObject',
    HEAD: 'HeadObject',
    PUT: isCopy ? 'CopyObject' : 'PutObject',
    DELETE: 'DeleteObject',
  }
  return plain[method]
}

function unimplementedOperation(method: string, subject: string, query: URLSearchParams): string | undefined {
  const subresource = Object.keys(UNIMPLEMENTED_SUBRESOURCES).find(name => query.has(name))
  if (subresource === undefined) return undefined
  return `${method[0]}${method.slice(1).toLowerCase()}${subject}${UNIMPLEMENTED_SUBRESOURCES[subresource]}`
}
