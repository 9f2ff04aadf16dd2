import { type Reply, type S3Request, xmlReply } from '../http/s3-request.ts'
import { notImplemented } from '../s3-error.ts'
import { compareKeys } from '../store/objects.ts'
import { sortedParts, type Upload } from '../store/uploads.ts'
import { parentElement, textElement, xmlDocument } from '../xml/write-xml.ts'
import { checksumElements, quoted } from './describe.ts'
import { keyEncoder, pageSize, paginate, readCount } from './page.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html */
export function listMultipartUploads({ store, bucket, query }: S3Request): Reply {
  if (query.get('delimiter')) throw notImplemented('ListMultipartUploads with a delimiter')
  const prefix = query.get('prefix') ?? ''
  const maxUploads = pageSize(query, 'max-uploads')
  const uploads = store.bucket(bucket).uploads.list()
  const isListed = (upload: Upload) => upload.key.startsWith(prefix) && isAfterMarker(upload, query)
  const page = paginate(uploads.filter(isListed), maxUploads)
  const encode = keyEncoder(query)
  const next = page.truncated ? page.last : undefined
  const keyMarker = query.get('key-marker')
  return xmlReply(
    xmlDocument(
      'ListMultipartUploadsResult',
      textElement('Bucket', bucket),
      textElement('KeyMarker', keyMarker === null ? undefined : encode(keyMarker)),
      textElement('UploadIdMarker', query.get('upload-id-marker') ?? undefined),
      textElement('Prefix', encode(prefix)),
      textElement('EncodingType', query.get('encoding-type') ?? undefined),
      textElement('MaxUploads', maxUploads),
      textElement('IsTruncated', page.truncated),
      textElement('NextKeyMarker', next && encode(next.key)),
      textElement('NextUploadIdMarker', next?.uploadId),
      ...page.items.map(upload => uploadElement(upload, encode)),
    ),
  )
}

function isAfterMarker({ key, uploadId }: Upload, query: URLSearchParams): boolean {
  const keyMarker = query.get('key-marker')
  if (!keyMarker) return true
  const order = compareKeys(key, keyMarker)
  if (order !== 0) return order > 0
  const idMarker = query.get('upload-id-marker')
  return idMarker ? uploadId > idMarker : false
}

function uploadElement(upload: Upload, encode: (key: string) => string): string {
  const algorithm = upload.checksumAlgorithm
  return parentElement(
    'Upload',
    textElement('Key', encode(upload.key)),
    textElement('UploadId', upload.uploadId),
    textElement('Initiated', upload.initiated.toISOString()),
    textElement('StorageClass', upload.attributes.headers['x-amz-storage-class'] ?? 'STANDARD'),
    textElement('ChecksumAlgorithm', algorithm?.toUpperCase()),
    textElement('ChecksumType', algorithm && upload.checksumType),
  )
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html */
export function listParts({ store, bucket, key, query }: S3Request): Reply {
  const upload = store.bucket(bucket).uploads.get(key, query.get('uploadId'))
  const marker = readCount(query, 'part-number-marker') ?? 0
  const maxParts = pageSize(query, 'max-parts')
  const parts = sortedParts(upload).filter(({ partNumber }) => partNumber > marker)
  const page = paginate(parts, maxParts)
  return xmlReply(
    xmlDocument(
      'ListPartsResult',
      textElement('Bucket', bucket),
      textElement('Key', keyEncoder(query)(key)),
      textElement('UploadId', upload.uploadId),
      textElement('PartNumberMarker', marker),
      textElement('NextPartNumberMarker', page.last?.partNumber),
      textElement('MaxParts', maxParts),
      textElement('IsTruncated', page.truncated),
      textElement('ChecksumAlgorithm', upload.checksumAlgorithm?.toUpperCase()),
      textElement('ChecksumType', upload.checksumAlgorithm && upload.checksumType),
      ...page.items.map(part =>
        parentElement(
          'Part',
          textElement('PartNumber', part.partNumber),
          textElement('LastModified', part.lastModified.toISOString()),
          textElement('ETag', quoted(part.md5)),
          textElement('Size', part.size),
          checksumElements(part.checksums),
        ),
      ),
    ),
  )
}
