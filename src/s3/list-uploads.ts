import type { ListMultipartUploadsCommandInput, ListMultipartUploadsCommandOutput } from '@aws-sdk/client-s3'

/** An unfinished multipart upload. */
export interface UnfinishedUpload {
  key: string
  uploadId: string
  /** By the clock of S3, which may have whole seconds. */
  initiated: Date
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html */
type List = (input: ListMultipartUploadsCommandInput) => Promise<ListMultipartUploadsCommandOutput>

/** Every unfinished upload below a prefix, page by page. */
export async function* listUploads(
  list: List,
  input: ListMultipartUploadsCommandInput,
): AsyncGenerator<UnfinishedUpload> {
  let from: { KeyMarker?: string; UploadIdMarker?: string } = {}
  let page: ListMultipartUploadsCommandOutput
  do {
    page = await listPage(list, { ...input, ...from })
    for (const { Key = '', UploadId = '', Initiated } of page.Uploads ?? []) {
      // Without a date it cannot be called old.
      yield { key: Key, uploadId: UploadId, initiated: Initiated ?? new Date() }
    }
    from = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
  } while (page.IsTruncated && from.KeyMarker)
}

async function listPage(
  list: List,
  input: ListMultipartUploadsCommandInput,
): Promise<ListMultipartUploadsCommandOutput> {
  // XML cannot carry every character that a key can have.
  const page = await list({ ...input, EncodingType: 'url' })
  // Ceph 16 then encodes the keys, but not the marker, and says neither. Without being asked, it lists them as they are.
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
