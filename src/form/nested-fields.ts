import type { Fields } from '../shared/types.ts'

/** Fields by name, with objects and arrays for names in brackets. No object has a prototype. */
export interface NestedFields {
  [name: string]: string | NestedFields | (string | NestedFields)[]
}

/** A name in more brackets is refused: no form needs them, and each costs an object. */
export const MAX_NESTING = 10

type Parse = typeof import('qs').parse

let parser: Promise<Parse> | undefined

/** Loads qs at the first use. A failure is not remembered. */
async function loadParser(): Promise<Parse> {
  parser ??= import('qs').then(({ default: qs }) => qs.parse)
  try {
    return await parser
  } catch (error) {
    parser = undefined
    throw error
  }
}

/**
 * Makes objects and arrays of fields whose names have brackets, by the rules of qs: `a[b]`, `a[]`, `a[0]`. Returns undefined
 * for a name that is nested too deeply.
 *
 * @param maxFields also the largest index of an array. A larger one becomes a name
 */
export async function nestFields(
  fields: Readonly<Fields>,
  maxFields: number,
): Promise<NestedFields | undefined> {
  const parse = await loadParser()
  try {
    return parse(fields as Record<string, string>, {
      plainObjects: true,
      depth: MAX_NESTING,
      strictDepth: true,
      arrayLimit: maxFields,
    }) as NestedFields
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
