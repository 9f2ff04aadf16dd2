import type { Command, HttpRequest, Next } from './middleware.ts'

/**
 * The conditions that each operation has, and the headers that carry them. AWS rejects a condition that an operation does
 * not have. `Upload` of lib-storage puts `IfNoneMatch` into the input of every command.
 */
const HEADERS: Record<string, Record<string, string>> = {
  PutObject: { IfNoneMatch: 'if-none-match' },
  CompleteMultipartUpload: { IfNoneMatch: 'if-none-match', MpuObjectSize: 'x-amz-mp-object-size' },
  DeleteObject: { IfMatch: 'if-match' },
}

const BEFORE_SIGNATURE = { step: 'build', name: 's3UpstreamConditions', override: true }

/**
 * Sends the conditions in the input of a command as headers. A version of the SDK that does not know one of them drops it
 * silently (3.600 knows none), and the request would overwrite or delete without a condition.
 */
export function sendConditions(command: object, operation: string): void {
  const { input, middlewareStack } = command as Command
  const conditions = Object.entries(HEADERS[operation] ?? {})
    .map(([name, header]) => [header, (input as Record<string, unknown>)[name]] as const)
    .filter(([, value]) => value !== undefined)
  if (conditions.length === 0) return
  middlewareStack.add(withHeaders(conditions), BEFORE_SIGNATURE)
}

function withHeaders(conditions: (readonly [header: string, value: unknown])[]) {
  return (next: Next): Next =>
    args => {
      const { headers } = args.request as HttpRequest
      for (const [header, value] of conditions) {
        const name = Object.keys(headers).find(given => given.toLowerCase() === header) ?? header
        headers[name] = `${value}`
      }
      return next(args)
    }
}
