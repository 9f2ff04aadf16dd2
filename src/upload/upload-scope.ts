import type { FormMemory } from '../memory/upload-memory.ts'
import type { ResolvedOptions } from '../options/resolve-options.ts'
import { permitsOf } from '../s3/client-limiter.ts'
import { s3Requests } from '../s3/operations.ts'
import { defaultClient } from '../s3/sdk.ts'
import { untilAborted } from '../shared/abort-signals.ts'
import type { Leftover } from '../shared/errors.ts'
import type { FormScope } from './form-state.ts'

/** Gives the files of one upload what they share on their way to S3: the client, its permits, the memory. */
export async function openScope(
  settings: ResolvedOptions,
  signal: AbortSignal,
  memory: FormMemory,
  leftovers: Leftover[],
): Promise<FormScope> {
  const client = settings.client ?? (await untilAborted(defaultClient, signal))
  const permits = await untilAborted(() => permitsOf(client, settings), signal)
  return {
    client,
    s3: s3Requests(client, settings),
    signal,
    permits,
    concurrency: settings.concurrency,
    memory,
    reportLeftover: (leftover: Leftover) => leftovers.push(leftover),
  }
}
