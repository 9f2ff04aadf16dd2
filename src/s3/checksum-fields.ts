// ChecksumAlgorithm and ChecksumType are not checksums. New versions of the SDK add algorithms.
const CHECKSUM = /^Checksum(?!Algorithm$|Type$)/

/** True if a parameter of the SDK with this name holds a checksum. */
export function isChecksum(name: string): boolean {
  return CHECKSUM.test(name)
}

/** Returns the checksums in an output of the SDK: base64, by the SDK's names. */
export function checksumsOf(output: object): Record<string, string> {
  return Object.fromEntries(Object.entries(output).filter(([name, value]) => isChecksum(name) && value))
}
