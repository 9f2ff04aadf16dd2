import { noSuchBucket, S3Error } from '../s3-error.ts'
import { Bucket } from './bucket.ts'

export interface StoreOptions {
  /** Bytes. */
  readonly minPartSize: number
  /** Maximum size in bytes of an object whose body is stored. */
  readonly maxStoredBody: number
  readonly requirePartChecksums: boolean
  readonly omitNullVersionIds: boolean
}

export class Store {
  readonly options: StoreOptions
  readonly #buckets = new Map<string, Bucket>()

  constructor(options: StoreOptions) {
    this.options = options
  }

  /** Throws `InvalidBucketName` or `BucketAlreadyOwnedByYou`. */
  createBucket(name: string): void {
    if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name)) {
      throw new S3Error(400, 'InvalidBucketName', 'The specified bucket is not valid.')
    }
    if (this.#buckets.has(name)) {
      throw new S3Error(
        409,
        'BucketAlreadyOwnedByYou',
        'Your previous request to create the named bucket succeeded and you already own it.',
      )
    }
    this.#buckets.set(name, new Bucket())
  }

  /** Throws `NoSuchBucket`. */
  bucket(name: string): Bucket {
    const bucket = this.#buckets.get(name)
    if (!bucket) throw noSuchBucket()
    return bucket
  }

  hasBucket(name: string): boolean {
    return this.#buckets.has(name)
  }

  buckets(): [name: string, bucket: Bucket][] {
    return [...this.#buckets].sort(([a], [b]) => (a < b ? -1 : 1))
  }

  deleteBucket(name: string): void {
    if (!this.bucket(name).isEmpty) {
      throw new S3Error(409, 'BucketNotEmpty', 'The bucket you tried to delete is not empty')
    }
    this.#buckets.delete(name)
  }

  /** Replaces every bucket. A request in flight then stores its object in a bucket that is no longer visible. */
  reset(): void {
    for (const name of this.#buckets.keys()) this.#buckets.set(name, new Bucket())
  }
}
