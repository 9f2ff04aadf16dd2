import { abortable, type BlanksEffect, type FaultEffect, waitFor } from '../faults.ts'
import type { OpenRecord } from '../request-log.ts'
import { S3Error } from '../s3-error.ts'
import type { ErrorFault, HttpResponse, ResponseFault } from '../types.ts'
import type { Exchange } from './exchange.ts'
import type { Reply } from './s3-request.ts'

/** Responds, unless the client has disconnected. */
export async function respond(
  exchange: Exchange,
  record: OpenRecord | undefined,
  reply: Reply,
): Promise<void> {
  if (exchange.closed.aborted) return
  if (record) record.status = reply.status
  await exchange.send(reply)
}

/** Applies the effect of a fault. `reply`: the response of S3, if the operation has been performed. */
export async function applyEffect(
  effect: FaultEffect,
  exchange: Exchange,
  record: OpenRecord,
  reply: Reply = { status: 200 },
): Promise<void> {
  switch (effect.kind) {
    case 'drop':
      return exchange.drop()
    case 'hang':
      return exchange.hang()
    case 'error':
      return respond(exchange, record, errorReply(exchange, effect.error))
    case 'response':
      return respond(exchange, record, await chosenReply(exchange, effect.response, reply))
    case 'blanks':
      return respondAfterBlanks(effect, exchange, record, reply)
  }
}

async function respondAfterBlanks(
  { interval, ends, error }: BlanksEffect,
  exchange: Exchange,
  record: OpenRecord,
  reply: Reply,
): Promise<void> {
  const result = error ? errorReply(exchange, error) : reply
  const end = () => waitFor(ends, exchange.closed)
  if (!exchange.sendsXml(result)) {
    await end()
    return respond(exchange, record, result)
  }
  if (exchange.closed.aborted) return
  record.status = 200
  await exchange.sendAfterBlanks({ ...result, status: 200 }, interval, end)
}

function errorReply(exchange: Exchange, { status, code, message, headers }: ErrorFault): Reply {
  return exchange.errorReply(new S3Error(status, code, message, { headers }))
}

async function chosenReply(
  exchange: Exchange,
  response: ResponseFault['response'],
  reply: Reply,
): Promise<Reply> {
  const chosen =
    typeof response === 'function'
      ? await abortable(Promise.resolve(response(toResponse(reply))), exchange.closed)
      : response
  const { status, headers = {}, body = '' } = chosen
  const named = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])
  return { status, headers: Object.fromEntries(named), body, foreign: true }
}

/** Leaves out the `content-length` of a body, because the function can change the body. */
function toResponse({ status, headers = {}, body = '' }: Reply): Required<HttpResponse> {
  const isWhole = typeof body === 'string' || Buffer.isBuffer(body)
  const isSent = ([name, value]: [string, unknown]) =>
    value !== undefined && (name !== 'content-length' || body.length === 0)
  return {
    status,
    headers: Object.fromEntries(
      Object.entries(headers)
        .filter(isSent)
        .map(([name, value]) => [name, String(value)]),
    ),
    body: isWhole ? body : Buffer.concat(body),
  }
}
