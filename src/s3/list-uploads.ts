import { types } from 'node:util'
import type { ListMultipartUploadsCommandInput, ListMultipartUploadsCommandOutput } from '@aws-sdk/client-s3'
import { checkOutput } from './s3-errors.ts'

/** An unfinished multipart upload. */
export interface UnfinishedUpload {
  key: string
  uploadId: string
  /** By the clock of S3, which may round to seconds. */
  initiated: Date
}

export interface ListedUpload extends UnfinishedUpload {
  /** Other keys that the same listing could mean: stores disagree on how to encode a key, and some do not say. */
  otherKeys: readonly string[]
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html */
type ListUploads = (input: ListMultipartUploadsCommandInput) => Promise<ListMultipartUploadsCommandOutput>

/** A million uploads on the pages of S3. A store that lists more may never end. */
const MAX_PAGES = 1000

/** Ends the listing of a store whose pages repeat themselves or stay empty. */
const MAX_PAGES_WITHOUT_NEWS = 100

/**
 * Yields every unfinished upload that the store lists for this input, page by page, each once. A store may ignore
 * `Prefix` or read it as a whole key, so the caller must check the keys. Ends also if the pages of the store do not.
 */
export async function* listUploads(
  list: ListUploads,
  input: ListMultipartUploadsCommandInput,
): AsyncGenerator<ListedUpload> {
  const seen = new Set<string>()
  const markers = new Set<string>()
  let marker: { KeyMarker?: string; UploadIdMarker?: string } = {}
  let pagesWithoutNews = 0
  for (let pages = 0; pages < MAX_PAGES && pagesWithoutNews < MAX_PAGES_WITHOUT_NEWS; pages++) {
    const page = await listPage(list, { ...input, ...marker })
    const seenBefore = seen.size
    for (const upload of page.uploads) {
      const id = JSON.stringify([upload.key, upload.uploadId])
      if (!seen.has(id)) yield upload
      seen.add(id)
    }
    pagesWithoutNews = seen.size > seenBefore ? 0 : pagesWithoutNews + 1
    marker = { KeyMarker: page.nextKey, UploadIdMarker: page.nextUploadId }
    const place = JSON.stringify(marker)
    if (!page.isTruncated || !page.nextKey || markers.has(place)) return
    markers.add(place)
  }
}

interface Page {
  uploads: ListedUpload[]
  isTruncated: boolean
  nextKey: string | undefined
  nextUploadId: string | undefined
}

async function listPage(list: ListUploads, input: ListMultipartUploadsCommandInput): Promise<Page> {
  // A key can have characters that XML cannot carry.
  const encoded = checkOutput<ListMultipartUploadsCommandOutput>(
    await list({ ...input, EncodingType: 'url' }),
  )
  if (isEncoded(encoded)) return readPage(encoded, decodeKey)
  // Ceph 16 then encodes the keys, but not the marker, and its response mentions neither. Without EncodingType, it
  // encodes nothing.
  return readPage(checkOutput(await list(input)), key => key)
}

/** False also for a store that says that it encodes keys, and does not. */
function isEncoded({ EncodingType, Uploads }: ListMultipartUploadsCommandOutput): boolean {
  if (EncodingType !== 'url') return false
  return listOf(Uploads).every(({ Key }) => Key === undefined || decodeKey(Key) !== undefined)
}

function readPage(
  { Uploads, IsTruncated, NextKeyMarker, NextUploadIdMarker }: ListMultipartUploadsCommandOutput,
  read: (key: string) => string | undefined,
): Page {
  const uploads: ListedUpload[] = []
  for (const { Key, UploadId, Initiated } of listOf(Uploads)) {
    const key = Key && read(Key)
    // Without its id, an abort would be a DeleteObject to some stores.
    if (!Key || !key || !UploadId) continue
    // An upload without a date must not count as old.
    const initiated = types.isDate(Initiated) ? Initiated : new Date()
    uploads.push({
      key,
      uploadId: UploadId,
      initiated,
      otherKeys: readingsOf(Key).filter(one => one !== key),
    })
  }
  return {
    uploads,
    isTruncated: IsTruncated === true,
    nextKey: NextKeyMarker && (read(NextKeyMarker) ?? NextKeyMarker),
    nextUploadId: NextUploadIdMarker,
  }
}

function listOf(uploads: ListMultipartUploadsCommandOutput['Uploads']) {
  return (Array.isArray(uploads) ? uploads : []).filter(upload => Object(upload) === upload)
}

/** Every key that a store could mean by this string. */
function readingsOf(listed: string): string[] {
  const readings = [decodeKey(listed), decode(listed), listed]
  return [...new Set(readings.filter(reading => reading !== undefined))]
}

/** S3 writes a space as `+`, other stores as `%20`. */
function decodeKey(key: string): string | undefined {
  return decode(key.replaceAll('+', ' '), key)
}

/** Returns undefined for a string that is not URL-encoded: encoded strings have visible ASCII characters only. */
function decode(text: string, encoded = text): string | undefined {
  if (!/^[\x21-\x7E]*$/.test(encoded)) return undefined
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
