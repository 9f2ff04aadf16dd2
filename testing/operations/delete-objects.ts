import { type Reply, type S3Request, xmlReply } from '../http/s3-request.ts'
import { invalidRequest, malformedXml, S3Error } from '../s3-error.ts'
import type { Bucket } from '../store/bucket.ts'
import { childrenOf, childText, readXml, type XmlElement } from '../xml/read-xml.ts'
import { parentElement, textElement, xmlDocument } from '../xml/write-xml.ts'
import { checkDeleteConditions } from './preconditions.ts'

const MAX_DELETE_KEYS = 1000

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html */
export function deleteObject({ store, bucket: name, key, query, headers }: S3Request): Reply {
  const bucket = store.bucket(name)
  const requested = query.get('versionId') ?? undefined
  checkDeleteConditions(bucket, key, requested, headers)
  const { versionId, deleteMarker } = bucket.remove(key, requested)
  return {
    status: 204,
    headers: { 'x-amz-version-id': versionId, 'x-amz-delete-marker': deleteMarker ? 'true' : undefined },
  }
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html */
export async function deleteObjects(request: S3Request): Promise<Reply> {
  const bucket = request.store.bucket(request.bucket)
  const hasHash = Object.keys(request.headers).some(
    name => name === 'content-md5' || name.startsWith('x-amz-checksum-') || name === 'x-amz-trailer',
  )
  if (!hasHash) throw invalidRequest('Missing required header for this request: Content-MD5')
  const root = readXml(await request.readText())
  const objects = childrenOf(root, 'Object').map(readIdentifier)
  if (root.name !== 'Delete' || objects.length === 0 || objects.length > MAX_DELETE_KEYS) throw malformedXml()
  const quiet = childText(root, 'Quiet') === 'true'
  const results = objects.map(object => deleteOne(bucket, object))
  return xmlReply(
    xmlDocument('DeleteResult', ...results.filter(result => !quiet || result.startsWith('<Error>'))),
  )
}

interface Identifier {
  readonly key: string
  readonly versionId: string | undefined
  readonly etag: string | undefined
}

function readIdentifier(element: XmlElement): Identifier {
  const key = childText(element, 'Key')
  if (!key) throw malformedXml()
  return {
    key,
    versionId: childText(element, 'VersionId') || undefined,
    etag: childText(element, 'ETag') || undefined,
  }
}

/** Deletes one object of the list. Returns the element `Deleted`, or `Error` if the object does not match its ETag. */
function deleteOne(bucket: Bucket, { key, versionId, etag }: Identifier): string {
  const identity = [textElement('Key', key), textElement('VersionId', versionId)]
  try {
    checkDeleteConditions(bucket, key, versionId, { 'if-match': etag })
  } catch (error) {
    if (!(error instanceof S3Error)) throw error
    return parentElement(
      'Error',
      ...identity,
      textElement('Code', error.code),
      textElement('Message', error.message),
    )
  }
  const removal = bucket.remove(key, versionId)
  return parentElement(
    'Deleted',
    ...identity,
    textElement('DeleteMarker', removal.deleteMarker || undefined),
    textElement('DeleteMarkerVersionId', removal.deleteMarker ? removal.versionId : undefined),
  )
}
