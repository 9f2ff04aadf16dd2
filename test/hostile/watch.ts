import { EventEmitter } from 'node:events'
import { defaultMemoryBudget } from 's3-upstream'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import type { UploadContext } from '../../src/shared/types.ts'
import { idOf } from './wire.ts'

const EVENTS = ['unhandledRejection', 'uncaughtExceptionMonitor', 'warning'] as const

/** Promises 1 and 2: nothing unhandled, no warning of Node's, such as that of too many listeners, no buffer still lent. */
export function expectQuietProcess(): void {
  const seen: unknown[] = []
  const listen = (problem: unknown) => seen.push(problem)
  beforeAll(() => {
    for (const event of EVENTS) process.on(event, listen)
  })
  afterEach(() => expect(seen.splice(0)).toEqual([]))
  afterAll(() => {
    for (const event of EVENTS) process.off(event, listen)
    expect(defaultMemoryBudget).toMatchObject({ inUse: 0, waiting: 0 })
  })
}

export interface Failures {
  onError(error: unknown, context: UploadContext): void
  /** Resolves with the error that `onError` is given for this request. Ask before it can fail. */
  of(id: string): Promise<unknown>
  /** How often `onError` was called for each request. */
  readonly counts: ReadonlyMap<string, number>
  /** Forgets the counts, for those who count what the process holds. */
  forget(): void
}

/** The failed uploads of a route, by the name that their requests carry. */
export function watchFailures(): Failures {
  const emitter = new EventEmitter().setMaxListeners(0)
  const counts = new Map<string, number>()
  return {
    counts,
    onError(error, { request }) {
      const id = idOf(request)
      counts.set(id, (counts.get(id) ?? 0) + 1)
      emitter.emit(id, error)
    },
    forget: () => counts.clear(),
    of: id => new Promise(resolve => emitter.once(id, resolve)),
  }
}

/** Runs the task for every item, so many of them at once. Begins no more when one has failed, and leaves none behind. */
export async function inParallel<Item>(
  count: number,
  items: Iterable<Item>,
  task: (item: Item) => Promise<void>,
): Promise<void> {
  const iterator = items[Symbol.iterator]()
  const failures: unknown[] = []
  const worker = async () => {
    for (let next = iterator.next(); !next.done && failures.length === 0; next = iterator.next()) {
      await task(next.value).catch(error => failures.push(error))
    }
  }
  await Promise.all(Array.from({ length: count }, worker))
  if (failures.length > 0) throw failures[0]
}
