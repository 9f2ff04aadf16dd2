import { libStorage } from 's3-upstream/lib-storage'
import { partWriter } from '../../src/storage/part-writer.ts'
import type { Uploader } from '../../src/storage/uploader.ts'

export const uploaders: { name: string; uploader: Uploader }[] = [
  { name: 'part writer', uploader: partWriter },
  { name: 'lib-storage', uploader: libStorage() },
]
