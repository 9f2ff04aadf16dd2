import { versionIdOf } from './operations/describe.ts'
import type { Bucket } from './store/bucket.ts'
import type { Store } from './store/store.ts'
import { sortedParts } from './store/uploads.ts'
import type { StoredObject, UnfinishedUpload } from './types.ts'

export function inspectObjects(store: Store, name: string): StoredObject[] {
  const bucket = existingBucket(store, name)
  return bucket.objects().map(version => {
    const { attributes, chunks, size, etag, checksums, parts } = version.content
    return {
      key: version.key,
      body: chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks),
      size,
      type: attributes.headers['content-type'] ?? '',
      etag,
      versionId: versionIdOf(bucket, version),
      metadata: attributes.metadata,
      headers: attributes.headers,
      checksums,
      parts,
    }
  })
}

export function inspectUploads(store: Store, name: string): UnfinishedUpload[] {
  return existingBucket(store, name)
    .uploads.list()
    .map(upload => ({
      key: upload.key,
      uploadId: upload.uploadId,
      parts: sortedParts(upload).map(({ partNumber, size }) => ({ partNumber, size })),
    }))
}

function existingBucket(store: Store, name: string): Bucket {
  if (!store.hasBucket(name))
    throw new TypeError(`Bucket ${JSON.stringify(name)} does not exist. Add it to the option buckets.`)
  return store.bucket(name)
}
