import { setImmediate as eventLoopTick } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { resolveOptions } from '../../src/options/resolve-options.ts'

const ROUNDS = 9
const CALLS = 2000

/** `streamToS3` resolves its options for every upload. See test/upload/garbage.test.ts for the garbage of an upload. */
it('leaves nothing that only a full garbage collection frees', async () => {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as (options?: { type: 'minor' }) => void
  async function heapAfterMinor() {
    for (let round = 0; round < 3; round++) {
      gc({ type: 'minor' })
      await eventLoopTick()
    }
    return process.memoryUsage().heapUsed
  }
  const client = { config: {}, send() {} } as never
  const kept: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    gc()
    const before = await heapAfterMinor()
    for (let call = 0; call < CALLS; call++) {
      resolveOptions({ bucket: 'b', client, maxFileSize: '5MB', accept: ['image/*'], key: () => 'a' })
    }
    kept.push((await heapAfterMinor()) - before)
  }
  const median = kept.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] as number
  expect(median / CALLS).toBeLessThan(500)
})
