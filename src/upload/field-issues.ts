import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { FieldIssue } from '../shared/errors.ts'

/** The response contains all of them, and a client can send as many wrong fields as a form may have. */
const MAX_ISSUES = 100
const MAX_MESSAGE_LENGTH = 500
const MAX_PATH_LENGTH = 32
const MAX_NAME_LENGTH = 200

/** Returns the issues of a schema as a response can have them: bounded, and without symbols. */
export function issuesOf(issues: readonly StandardSchemaV1.Issue[]): FieldIssue[] {
  return issues.slice(0, MAX_ISSUES).map(({ message, path = [] }) => ({
    // The path of ArkType is an array of a class of its own.
    path: [...path].slice(0, MAX_PATH_LENGTH).map(segment => nameOf(segment)),
    message: `${message}`.slice(0, MAX_MESSAGE_LENGTH),
  }))
}

function nameOf(segment: PropertyKey | StandardSchemaV1.PathSegment): string | number {
  const key = typeof segment === 'object' ? segment.key : segment
  return typeof key === 'number' ? key : String(key).slice(0, MAX_NAME_LENGTH)
}
