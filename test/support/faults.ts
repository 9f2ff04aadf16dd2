import type { S3Client } from '@aws-sdk/client-s3'
import type { S3Operation, S3Server } from 's3-upstream/testing'
import { onTestFinished } from 'vitest'

/** Holds every request for this operation at S3 until the test lets them go. */
export function hold(s3: S3Server, operation: S3Operation): () => void {
  let release = () => {}
  const released = new Promise<void>(resolve => {
    release = resolve
  })
  s3.fault(request => (request.operation === operation ? { until: released } : undefined))
  return release
}

/** From now on the first byte of each body is another one when this client comes to send it. */
export function damageBodies({ middlewareStack }: S3Client): void {
  middlewareStack.add(
    next => async args => {
      const { Body } = args.input as { Body?: Buffer }
      if (Body) Body.writeUInt8(Body.readUInt8() ^ 1)
      return next(args)
    },
    { name: 'damageBodies', step: 'initialize' },
  )
}

/** Until the test ends, the client sees answers to this operation without their ETag. */
export function forgetETag({ middlewareStack }: S3Client, operation: S3Operation): void {
  middlewareStack.add(
    (next, { commandName }) =>
      async args => {
        const answer = await next(args)
        if (commandName === `${operation}Command`) delete (answer.output as { ETag?: string }).ETag
        return answer
      },
    { name: 'forgetETag', step: 'initialize' },
  )
  onTestFinished(() => {
    middlewareStack.remove('forgetETag')
  })
}
