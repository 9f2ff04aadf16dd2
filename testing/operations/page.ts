import { invalidArgument } from '../s3-error.ts'
import { encodePath } from '../uri.ts'

const MAX_PAGE_ITEMS = 1000

export interface Page<T> {
  readonly items: readonly T[]
  readonly last: T | undefined
  readonly truncated: boolean
}

export function paginate<T>(items: readonly T[], size: number): Page<T> {
  const page = items.slice(0, size)
  // With size 0 there is no last item to continue from, so S3 reports the page as not truncated.
  return { items: page, last: page.at(-1), truncated: size > 0 && items.length > size }
}

/** Reads a page size from the query. The default and the maximum are 1000, as in S3. */
export function pageSize(query: URLSearchParams, name: string): number {
  return Math.min(readCount(query, name) ?? MAX_PAGE_ITEMS, MAX_PAGE_ITEMS)
}

export function readCount(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name)
  if (value === null || value === '') return undefined
  if (!/^\d{1,9}$/.test(value))
    throw invalidArgument(`Provided ${name} not an integer or within integer range`)
  return Number(value)
}

/** Returns the encoding of keys in a listing. S3 allows keys that XML cannot contain. */
export function keyEncoder(query: URLSearchParams): (key: string) => string {
  const encoding = query.get('encoding-type')
  if (encoding === null) return key => key
  if (encoding !== 'url') throw invalidArgument('Invalid Encoding Method specified in Request')
  return encodePath
}
