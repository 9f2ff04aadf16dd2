import { types } from 'node:util'
import { escapeText } from './escape-text.ts'
import { describe } from './sizes.ts'

/**
 * True for errors of every realm, such as the context of a test runner. False for a Proxy, which may throw if read.
 * Never throws.
 */
export function isError(value: unknown): value is Error {
  if (types.isNativeError(value)) return true
  try {
    return value instanceof Error && !types.isProxy(value)
  } catch {
    return false
  }
}

/** Returns name and message of an error, for the message of another one. Never throws, for any value. */
export function describeThrown(thrown: unknown): string {
  try {
    if (!isError(thrown)) return describe(thrown)
    const { name, message } = thrown
    return escapeText(message ? `${name}: ${message}` : `${name}`)
  } catch {
    return 'an error that cannot be read'
  }
}
