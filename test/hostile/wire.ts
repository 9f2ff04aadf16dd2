import type { IncomingMessage, Server } from 'node:http'
import { connect, type Socket } from 'node:net'
import { FORM_TYPE } from '../support/form-body.ts'
import type { Reply } from '../support/send.ts'

/** Names a request, so that what the server says of it can be told from what it says of others. */
const ID = 'x-id'
let ids = 0

export function nextId(): string {
  return `${++ids}`
}

export const idOf = ({ headers }: Pick<IncomingMessage, 'headers'>) => `${headers[ID]}`

/** The head of a request, exactly as given: no client library puts it right. */
export function requestHead(id: string, headers: Record<string, string | number>, path = '/'): string {
  const lines = Object.entries({ Host: 'test', 'Content-Type': FORM_TYPE, [ID]: id, ...headers })
  return [`POST ${path} HTTP/1.1`, ...lines.map(([name, value]) => `${name}: ${value}`), '\r\n'].join('\r\n')
}

/** A connection that never throws: what becomes of it is read from `received` and from 'close'. */
export interface Wire {
  socket: Socket
  /** Resolves, once the connection is closed, with every byte that came. */
  received: Promise<Buffer>
}

export function openWire(url: string): Wire {
  const { hostname, port } = new URL(url)
  // A connection that only one side has ended stays open for the other.
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true, noDelay: true })
  const chunks: Buffer[] = []
  socket.on('data', chunk => chunks.push(chunk)).on('error', () => {})
  socket.on('end', () => socket.end())
  const received = closeOf(socket).then(() => Buffer.concat(chunks))
  return { socket, received }
}

/** Resolves when the connection is closed, by whatever: unlike `once()`, it does not reject for a reset. */
export function closeOf(socket: Socket): Promise<void> {
  return new Promise(resolve => socket.once('close', () => resolve()))
}

/** Far above what any answer takes: whoever waits so long for the other side, waits for ever. */
const HANGS = 20_000

/** Sends bytes as they are and takes everything that the server has to say until it closes. */
export async function exchange(url: string, chunks: Iterable<Buffer | string>): Promise<Reply> {
  const { socket, received } = openWire(url)
  socket.setTimeout(HANGS, () => socket.destroy())
  for (const chunk of chunks) {
    if (!socket.destroyed && !socket.write(chunk)) await Promise.race([drained(socket), received])
  }
  return onlyReply(await received)
}

function drained(socket: Socket): Promise<void> {
  return new Promise(resolve => socket.once('drain', () => resolve()))
}

/** The one answer of a connection. Throws when there is none, or more than one, or half of one. */
export function onlyReply(received: Buffer): Reply {
  const text = received.toString()
  const [head = '', ...rest] = text.split('\r\n\r\n')
  const [start = '', ...lines] = head.split('\r\n')
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(start)?.[1])
  const headers = Object.fromEntries(
    lines.map(line => [line.split(': ', 1)[0]?.toLowerCase(), line.slice(line.indexOf(': ') + 2)]),
  )
  const body = rest.join('\r\n\r\n')
  if (!status || Buffer.byteLength(body) !== Number(headers['content-length'])) {
    throw new Error(`This is not one answer: ${JSON.stringify(text.slice(0, 1000))}`)
  }
  const isJson = /[/+]json/.test(headers['content-type'] ?? '')
  return { status, headers, text: body, json: isJson && JSON.parse(body) }
}

/** The requests that a server is reading, by the name that each carries. */
export function watchRequests(server: Server) {
  const requests = new Map<string, IncomingMessage>()
  const sockets = new Set<Socket>()
  server.prependListener('request', request => requests.set(idOf(request), request))
  server.prependListener('connection', socket => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  return {
    get connections() {
      return sockets.size
    },
    get: (id: string) => requests.get(id),
    /** Lets go of a request, for those who count what the process holds. */
    forget: (id: string) => requests.delete(id),
    /** Whether the upload has been given every byte of these that its client has sent. */
    hasRead(id: string, sent: number): boolean {
      const request = requests.get(id)
      return (
        request !== undefined &&
        request.socket.bytesRead >= sent &&
        request.readableFlowing === true &&
        request.readableLength === 0
      )
    },
  }
}
