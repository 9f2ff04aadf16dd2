import { detectType } from '../content/detect-type.ts'
import { canonicalType } from '../content/type-names.ts'
import type { FilePart } from '../form/read-form.ts'
import type { FieldRule } from '../policy/field-rules.ts'
import { checkMinSize } from '../policy/file-checks.ts'
import type { IncomingFile } from '../shared/types.ts'
import { typeNotAccepted } from '../shared/upload-errors.ts'

/** A file that may be stored. */
export interface JudgedFile {
  readonly file: IncomingFile
  /** The media type for the object. */
  readonly objectType: string
  /** Bytes. */
  readonly maxFileSize: number
}

/** Judges a file by its first bytes, if its route does. Rejects with the error that refuses it. */
export async function judgeFile(
  { file, objectType, head }: Pick<FilePart, 'file' | 'objectType' | 'head'>,
  rule: FieldRule,
): Promise<JudgedFile> {
  const { detects, accept, maxFileSize, largestFile } = rule
  if (head?.isWhole) checkMinSize(file, head.bytes.length, rule)
  if (!detects || head === undefined) return { file, objectType, maxFileSize }
  const detected = await detectType(head.bytes, head.isWhole, file)
  const verdict = accept?.judge(detected)
  if (verdict?.accepted === false) {
    throw typeNotAccepted(file, detected.type, verdict.reason, accept?.allowed ?? [])
  }
  const type = detected.type ?? 'application/octet-stream'
  // The bytes do not show parameters such as the charset of a text or the codecs of a recording.
  const parameters = canonicalType(file.type) === type ? objectType.slice(file.type.length) : ''
  return {
    file: withType(file, type),
    objectType: type + parameters,
    maxFileSize: Math.min(verdict?.maxFileSize ?? maxFileSize, largestFile),
  }
}

function withType(file: IncomingFile, type: string): IncomingFile {
  const detected = Object.assign({}, file, { type })
  if (file.contentType !== undefined) detected.declaredType = file.type
  return detected
}
