// ChecksumAlgorithm and ChecksumType are not checksums. The SDK learns new algorithms from time to time.
const CHECKSUM = /^Checksum(?!Algorithm$|Type$)/

/** Whether a parameter of the SDK is the checksum of something. */
export function isChecksum(name: string): boolean {
  return CHECKSUM.test(name)
}

/** The checksums among the properties of an answer, by the SDK's names, in base64. */
export function checksumsOf(answer: object): Record<string, string> {
  return Object.fromEntries(Object.entries(answer).filter(([name, value]) => isChecksum(name) && value))
}
