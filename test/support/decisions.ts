import type { S3UploadOptions } from '../../src/options/options.ts'
import type { Fields } from '../../src/shared/types.ts'

/** Options that turn on everything that is decided about a file, and accept every file in these fields. */
export function decideAbout(...fields: string[]): Partial<S3UploadOptions> {
  return {
    accept: '*/*',
    digest: ['sha256', 'md5'],
    disposition: 'attachment',
    allowEmpty: false,
    files: Object.fromEntries(
      fields.map(field => [field, { maxCount: 5, minFileSize: 1, maxFileSize: '50MB' }]),
    ),
    fields: {
      '~standard': { version: 1, vendor: 'test', validate: async value => ({ value: value as Fields }) },
    },
    async onStored() {
      await new Promise(resolve => setImmediate(resolve))
    },
    async onFile({ head }) {
      await new Promise(resolve => setImmediate(resolve))
      return { skip: head.length === 0 }
    },
  }
}
