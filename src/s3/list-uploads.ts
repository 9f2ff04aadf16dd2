import type { ListMultipartUploadsCommandInput, ListMultipartUploadsCommandOutput } from '@aws-sdk/client-s3'

/** An unfinished multipart upload. */
export interface UnfinishedUpload {
  key: string
  uploadId: string
  /** By the clock of S3, which may round to seconds. */
  initiated: Date
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html */
type ListUploads = (input: ListMultipartUploadsCommandInput) => Promise<ListMultipartUploadsCommandOutput>

/** Yields every unfinished upload that the input selects, page by page. */
export async function* listUploads(
  list: ListUploads,
  input: ListMultipartUploadsCommandInput,
): AsyncGenerator<UnfinishedUpload> {
  let marker: { KeyMarker?: string; UploadIdMarker?: string } = {}
  let page: ListMultipartUploadsCommandOutput
  do {
    page = await listPage(list, { ...input, ...marker })
    for (const { Key = '', UploadId = '', Initiated } of page.Uploads ?? []) {
      // An upload without a date must not count as old.
      yield { key: Key, uploadId: UploadId, initiated: Initiated ?? new Date() }
    }
    marker = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
  } while (page.IsTruncated && marker.KeyMarker)
}

async function listPage(
  list: ListUploads,
  input: ListMultipartUploadsCommandInput,
): Promise<ListMultipartUploadsCommandOutput> {
  // A key can have characters that XML cannot carry.
  const page = await list({ ...input, EncodingType: 'url' })
  // Ceph 16 then encodes the keys, but not the marker, and its response mentions neither. Without EncodingType, it
  // encodes nothing.
  if (page.EncodingType !== 'url') return list(input)
  const { Uploads = [], NextKeyMarker } = page
  return {
    ...page,
    Uploads: Uploads.map(upload => ({ ...upload, Key: decodeKey(upload.Key) })),
    NextKeyMarker: decodeKey(NextKeyMarker),
  }
}

/** S3 writes a space as `+`, other stores as `%20`. */
function decodeKey(key: string | undefined): string | undefined {
  return key && decodeURIComponent(key.replaceAll('+', ' '))
}
