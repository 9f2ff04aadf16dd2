import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { BOUNDARY, FORM_TYPE } from '../../support/form-body.ts'

/** Connects so many clients, some at a time. They are destroyed at the end of the test. */
export async function connectAll(port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = []
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
  })
  while (sockets.length < count) {
    const batch = Array.from({ length: Math.min(100, count - sockets.length) }, () => connectOne(port))
    sockets.push(...batch)
    await Promise.all(batch.map(socket => once(socket, 'connect')))
  }
  return sockets
}

export function connectOne(port: number): Socket {
  return connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true }).on('error', () => {})
}

export function requestHead(length?: number): string {
  const framing = length === undefined ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`
  return `POST / HTTP/1.1\r\nHost: test\r\nContent-Type: ${FORM_TYPE}\r\n${framing}\r\n\r\n`
}

/** A piece of a body of unknown length. */
export function httpChunk(bytes: Buffer | string): Buffer {
  const content = Buffer.from(bytes as string)
  return Buffer.concat([Buffer.from(`${content.length.toString(16)}\r\n`), content, Buffer.from('\r\n')])
}

/** The headers of a form part: more bytes of its body can follow. */
export function openPart(name: string, filename?: string): string {
  const file = filename === undefined ? '' : `; filename="${filename}"`
  return `\r\n--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n`
}

/** Writes to every client that still takes it. Resolves when the kernel has all, or after some time. */
export async function writeAll(sockets: Socket[], bytes: Buffer | string, timeout = 5000): Promise<void> {
  const writes = sockets.map(socket => new Promise<void>(resolve => socket.write(bytes, () => resolve())))
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>(resolve => {
    timer = setTimeout(resolve, timeout)
  })
  await Promise.race([Promise.all(writes), late])
  clearTimeout(timer)
}
