import type { IncomingFile } from '../shared/types.ts'
import { binaryType } from './binary-type.ts'
import { claimOf } from './claim.ts'
import { markupOf, textOf } from './plain-text.ts'
import { markupBehind, textType } from './text-type.ts'

/** Bytes of a file that detection looks at. */
export const MAX_HEAD_BYTES = 4100

/** The type of a file by its bytes. */
export interface DetectedType {
  /** Media type in lower case, without parameters. Undefined if the bytes have no signature and are no text. */
  readonly type: string | undefined
  /** The canonical name of the type that the client declares. Undefined if it declares none, or `application/octet-stream`. */
  readonly claim: string | undefined
  /** True for text without a signature: any other type of text is as likely. */
  readonly isPlainText: boolean
}

/**
 * Detects the type of a file by its first bytes. What the client claims counts only where bytes do not decide: for types of
 * text without a signature, and among types with one signature: DOC, XLS, PPT and MSI; sound and video in one container.
 *
 * Never looks at more than `MAX_HEAD_BYTES`. Rejects only if file-type cannot be loaded.
 *
 * @param isWhole true if the head is the whole file
 */
export async function detectType(
  head: Uint8Array,
  isWhole: boolean,
  file: IncomingFile,
): Promise<DetectedType> {
  const sample = head.subarray(0, MAX_HEAD_BYTES)
  const claim = claimOf(file)
  const isWholeSample = isWhole && sample.length === head.length
  const text = textOf(sample, isWholeSample)
  if (text === undefined) {
    const type = markupBehind(markupOf(sample)) ?? (await binaryType(sample, isWholeSample, claim))
    return { type, claim: claim.type, isPlainText: false }
  }
  const { type, isSigned } = textType(text, claim)
  return { type, claim: claim.type, isPlainText: !isSigned }
}
