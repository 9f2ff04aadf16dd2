import type { ServerResponse } from 'node:http'
import { KiB } from '../shared/sizes.ts'
import { createReadingLimit, type ReadingLimit } from './reading-limit.ts'

/**
 * Bytes, or characters of a string. A longer body is written in pieces, because a single write shows no progress before it
 * is complete.
 */
const PIECE_LENGTH = 64 * KiB

type Body = string | Uint8Array

export interface EndRules {
  /** Cuts off a client that reads nothing for so many milliseconds. */
  idleTimeout: number
  /** Characters of the body, if they are known by now. Middleware that compresses a body calls `end()` only later. */
  length?: number
  /** The whole response is sent at once, but ends when this resolves: then Node can close the connection. */
  endAfter?: Promise<void>
  /** Called before the headers are sent. Error handlers may have removed headers by then. */
  beforeHeaders?: () => void
}

/**
 * Replaces `response.end()`, as middleware for sessions and for compression does: frameworks and applications send their
 * responses through it. The client receives the same response.
 */
export function guardEnd(response: ServerResponse, rules: EndRules): void {
  const { idleTimeout, length = 0, endAfter, beforeHeaders } = rules
  const originalEnd = response.end
  const limit = createReadingLimit(response, idleTimeout)
  let isEnding = false

  function finish(parameters: unknown[]) {
    Reflect.apply(originalEnd, response, parameters)
    if (!response.writableEnded || response.writableLength > 0) limit.start()
  }

  function end(...parameters: unknown[]): ServerResponse {
    // While the response is held open, it has ended for its sender.
    if (isEnding) return response
    const [chunk, encoding] = parameters
    if (response.destroyed || (endAfter === undefined && sizeOf(chunk) <= PIECE_LENGTH)) {
      finish(parameters)
      return response
    }
    isEnding = true
    const callback = parameters.filter(isFunction)
    beforeHeaders?.()
    const body = toBody(chunk, encoding)
    if (!response.headersSent) setLength(response, body)
    writePieces(response, body, limit, () => {
      if (endAfter === undefined) return finish(callback)
      sendNow(response)
      endAfter.then(() => finish(callback))
    })
    return response
  }

  response.end = end
  if (length > PIECE_LENGTH) limit.start()
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function'
}

function sizeOf(chunk: unknown): number {
  return typeof chunk === 'string' || chunk instanceof Uint8Array ? chunk.length : 0
}

/** A string in UTF-8 stays a string: both forms of a large body would use twice its memory. */
function toBody(chunk: unknown, encoding: unknown): Body {
  if (typeof chunk !== 'string') return chunk instanceof Uint8Array ? chunk : ''
  const isUtf8 = typeof encoding !== 'string' || /^utf-?8$/i.test(encoding)
  return isUtf8 ? chunk : Buffer.from(chunk, encoding as BufferEncoding)
}

const HIGH_SURROGATE_AT_END = /[\uD800-\uDBFF]$/

/** Returns a piece that does not end between the two halves of a character. */
function pieceAt(body: Body, offset: number): Body {
  if (typeof body !== 'string') return body.subarray(offset, offset + PIECE_LENGTH)
  const piece = body.slice(offset, offset + PIECE_LENGTH)
  return offset + piece.length < body.length ? piece.replace(HIGH_SURROGATE_AT_END, '') : piece
}

/** As Node does for a body that arrives with `end()`. */
function setLength(response: ServerResponse, body: Body): void {
  const isBodyless = response.statusCode === 204 || response.statusCode === 304
  if (isBodyless || response.hasHeader('Content-Length') || response.hasHeader('Transfer-Encoding')) return
  response.setHeader('Content-Length', Buffer.byteLength(body))
}

function writePieces(response: ServerResponse, body: Body, limit: ReadingLimit, onWritten: () => void): void {
  let offset = 0
  let isWritten = false

  function next() {
    while (offset < body.length) {
      if (response.destroyed) return
      const piece = pieceAt(body, offset)
      offset += piece.length
      limit.wrote(Buffer.byteLength(piece))
      if (!response.write(piece) && offset < body.length) return limit.start()
    }
    if (isWritten) return
    isWritten = true
    response.off('drain', next)
    onWritten()
  }

  // One listener for all pieces: compression() adds those of once() to its own stream, and never removes them.
  response.on('drain', next)
  next()
}

/** Without a body, only the headers. `flush()` is of middleware that compresses. */
function sendNow(response: ServerResponse & { flush?: () => void }): void {
  response.flushHeaders()
  response.flush?.()
}
