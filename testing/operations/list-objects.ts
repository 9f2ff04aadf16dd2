import { type Reply, type S3Request, xmlReply } from '../http/s3-request.ts'
import { notImplemented } from '../s3-error.ts'
import { type AnyVersion, compareKeys, isObject, type ObjectVersion } from '../store/objects.ts'
import { parentElement, textElement, xmlDocument } from '../xml/write-xml.ts'
import { quoted } from './describe.ts'
import { keyEncoder, pageSize, paginate } from './page.ts'

/** One entry of a listing: an object, or the common prefix of several objects. */
interface Entry {
  readonly name: string
  readonly version?: ObjectVersion
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html */
export function listObjectsV2({ store, bucket, query }: S3Request): Reply {
  const prefix = query.get('prefix') ?? ''
  const delimiter = query.get('delimiter') ?? ''
  const token = query.get('continuation-token')
  const startAfter = query.get('start-after')
  const after = token === null ? (startAfter ?? '') : Buffer.from(token, 'base64url').toString()
  const maxKeys = pageSize(query, 'max-keys')
  const entries = group(store.bucket(bucket).objects(), prefix, delimiter)
  const page = paginate(
    entries.filter(({ name }) => compareKeys(name, after) > 0),
    maxKeys,
  )
  const encode = keyEncoder(query)
  const next = page.truncated && page.last ? Buffer.from(page.last.name).toString('base64url') : undefined
  return xmlReply(
    xmlDocument(
      'ListBucketResult',
      textElement('Name', bucket),
      textElement('Prefix', encode(prefix)),
      textElement('Delimiter', delimiter === '' ? undefined : encode(delimiter)),
      textElement('StartAfter', startAfter === null ? undefined : encode(startAfter)),
      textElement('ContinuationToken', token ?? undefined),
      textElement('EncodingType', query.get('encoding-type') ?? undefined),
      textElement('MaxKeys', maxKeys),
      textElement('KeyCount', page.items.length),
      textElement('IsTruncated', page.truncated),
      textElement('NextContinuationToken', next),
      ...page.items.map(entry => entryElement(entry, encode)),
    ),
  )
}

function group(objects: readonly ObjectVersion[], prefix: string, delimiter: string): Entry[] {
  const entries = new Map<string, Entry>()
  for (const version of objects) {
    const { key } = version
    if (!key.startsWith(prefix)) continue
    const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
    const entry = end < 0 ? { name: key, version } : { name: key.slice(0, end + delimiter.length) }
    entries.set(`${entry.version ? 'object' : 'prefix'} ${entry.name}`, entry)
  }
  return [...entries.values()]
}

function entryElement({ name, version }: Entry, encode: (key: string) => string): string {
  if (!version) return parentElement('CommonPrefixes', textElement('Prefix', encode(name)))
  return parentElement('Contents', textElement('Key', encode(name)), ...contentElements(version))
}

function contentElements({ lastModified, content }: ObjectVersion): string[] {
  return [
    textElement('LastModified', lastModified.toISOString()),
    textElement('ETag', quoted(content.etag)),
    ...Object.keys(content.checksums).map(name => textElement('ChecksumAlgorithm', name.toUpperCase())),
    textElement('Size', content.size),
    textElement('StorageClass', content.attributes.headers['x-amz-storage-class'] ?? 'STANDARD'),
  ]
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html */
export function listObjectVersions({ store, bucket, query }: S3Request): Reply {
  if (query.get('delimiter')) throw notImplemented('ListObjectVersions with a delimiter')
  const prefix = query.get('prefix') ?? ''
  const maxKeys = pageSize(query, 'max-keys')
  const versions = store.bucket(bucket).versions()
  const matching = versions.filter(({ version }) => version.key.startsWith(prefix))
  const page = paginate(matching.slice(nextIndex(matching, query)), maxKeys)
  const encode = keyEncoder(query)
  const next = page.truncated ? page.last?.version : undefined
  return xmlReply(
    xmlDocument(
      'ListVersionsResult',
      textElement('Name', bucket),
      textElement('Prefix', encode(prefix)),
      textElement('EncodingType', query.get('encoding-type') ?? undefined),
      textElement('MaxKeys', maxKeys),
      textElement('IsTruncated', page.truncated),
      textElement('NextKeyMarker', next && encode(next.key)),
      textElement('NextVersionIdMarker', next?.versionId),
      ...page.items.map(({ version, isLatest }) => versionElement(version, isLatest, encode)),
    ),
  )
}

/**
 * Returns the index after the key and version of the last page. If that version was deleted since, the page starts with
 * the other versions of its key again.
 */
function nextIndex(versions: readonly { version: AnyVersion }[], query: URLSearchParams): number {
  const key = query.get('key-marker')
  if (!key) return 0
  const versionId = query.get('version-id-marker')
  const last = versions.findIndex(({ version }) => version.key === key && version.versionId === versionId)
  if (last >= 0) return last + 1
  const minOrder = versionId ? 0 : 1
  const next = versions.findIndex(({ version }) => compareKeys(version.key, key) >= minOrder)
  return next < 0 ? versions.length : next
}

function versionElement(version: AnyVersion, isLatest: boolean, encode: (key: string) => string): string {
  const identity = [
    textElement('Key', encode(version.key)),
    textElement('VersionId', version.versionId),
    textElement('IsLatest', isLatest),
  ]
  if (isObject(version)) return parentElement('Version', ...identity, ...contentElements(version))
  return parentElement(
    'DeleteMarker',
    ...identity,
    textElement('LastModified', version.lastModified.toISOString()),
  )
}
