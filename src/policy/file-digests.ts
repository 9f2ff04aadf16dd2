import { createHash, type Hash } from 'node:crypto'
import type { DigestAlgorithm, Digests } from '../shared/types.ts'

/** Digests of one file, made while its bytes pass. */
export interface FileDigests {
  add(chunk: Buffer): void
  /** Returns the digests in hex. Called once, after the last byte. */
  end(): Digests
}

/** Returns undefined if the route has none. */
export function createDigests(algorithms: readonly DigestAlgorithm[] | undefined): FileDigests | undefined {
  if (algorithms === undefined) return undefined
  const hashes = algorithms.map((name): [DigestAlgorithm, Hash] => [name, createHash(name)])
  return {
    add(chunk) {
      for (const [, hash] of hashes) hash.update(chunk)
    },
    end: () => Object.fromEntries(hashes.map(([name, hash]) => [name, hash.digest('hex')])),
  }
}
