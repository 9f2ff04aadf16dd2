import { invalidArgument } from '../s3-error.ts'
import { encodePath } from '../uri.ts'

const MAX_PAGE_SIZE = 1000

export interface Page<T> {
  readonly items: readonly T[]
  readonly last: T | undefined
  readonly truncated: boolean
}

export function takePage<T>(items: readonly T[], size: number): Page<T> {
  const page = items.slice(0, size)
  // A page of none has nowhere to go on from.
  return { items: page, last: page.at(-1), truncated: size > 0 && items.length > size }
}

/** A count from the query: from 0, at most 1000 (its default), as S3 has it. */
export function pageSize(query: URLSearchParams, name: string): number {
  return Math.min(count(query, name) ?? MAX_PAGE_SIZE, MAX_PAGE_SIZE)
}

export function count(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name)
  if (value === null || value === '') return undefined
  if (!/^\d{1,9}$/.test(value))
    throw invalidArgument(`Provided ${name} not an integer or within integer range`)
  return Number(value)
}

/** How keys are written in a listing: some that are legal in S3 cannot stand in XML. */
export function keyEncoder(query: URLSearchParams): (key: string) => string {
  const encoding = query.get('encoding-type')
  if (encoding === null) return key => key
  if (encoding !== 'url') throw invalidArgument('Invalid Encoding Method specified in Request')
  return encodePath
}
