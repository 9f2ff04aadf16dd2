import { type Reply, type S3Request, xmlReply } from '../http/s3-request.ts'
import { invalidRequest, malformedXml } from '../s3-error.ts'
import { childrenOf, childText, readXml, type XmlElement } from '../xml/read-xml.ts'
import { parentElement, textElement, xmlDocument } from '../xml/write-xml.ts'
import { checkWriteConditions } from './preconditions.ts'

const MAX_DELETE_KEYS = 1000

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html */
export function deleteObject({ store, bucket: name, key, query, headers }: S3Request): Reply {
  const bucket = store.bucket(name)
  checkWriteConditions(bucket, key, headers)
  const { versionId, deleteMarker } = bucket.remove(key, query.get('versionId') ?? undefined)
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
  const deleted = objects.map(({ key, versionId }) => {
    const removal = bucket.remove(key, versionId)
    return parentElement(
      'Deleted',
      textElement('Key', key),
      textElement('VersionId', versionId),
      textElement('DeleteMarker', removal.deleteMarker || undefined),
      textElement('DeleteMarkerVersionId', removal.deleteMarker ? removal.versionId : undefined),
    )
  })
  return xmlReply(xmlDocument('DeleteResult', ...(quiet ? [] : deleted)))
}

function readIdentifier(element: XmlElement): { key: string; versionId: string | undefined } {
  const key = childText(element, 'Key')
  if (!key) throw malformedXml()
  return { key, versionId: childText(element, 'VersionId') || undefined }
}
