/** Random choices that a seed repeats. */
export interface Random {
  /** From 0 to below. */
  below(limit: number): number
  chance(probability: number): boolean
  pick<Item>(items: readonly Item[]): Item
  bytes(size: number): Buffer
}

/** https://en.wikipedia.org/wiki/Xorshift, the 32-bit kind. */
export function randomFrom(seed: number): Random {
  let state = Math.imul(seed, 0x9e3779b1) | 1
  function next(): number {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
  const below = (limit: number) => Math.floor(next() * limit)
  return {
    below,
    chance: probability => next() < probability,
    pick: items => items[below(items.length)] as (typeof items)[number],
    bytes: size => Buffer.from(Array.from({ length: size }, () => below(256))),
  }
}
