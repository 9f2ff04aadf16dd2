import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { bytes, MB } from '../support/bytes.ts'
import { hold } from '../support/faults.ts'
import { BOUNDARY, FORM_TYPE, filePart, formBody } from '../support/form-body.ts'
import { open, type Reply, replyTo } from '../support/send.ts'
import { connectAll, connectOne, httpChunk, openPart, requestHead, writeAll } from './support/attackers.ts'
import type { ServerOptions } from './support/server.ts'
import { startTarget, type Target } from './support/target.ts'

// Every promise about memory is for the whole process, so nothing else must run in it: each attack has its own.

const LIMIT_ABOVE_BUDGET = 200 * MB
const END_OF_FORM = `\r\n--${BOUNDARY}--\r\n`

/** Expects that another client's file is stored in time. */
async function expectService({ url }: Target, size = 20_000, seconds = 5): Promise<void> {
  const body = formBody([filePart('file', 'file.bin', bytes(size))])
  const client = open(url, { 'content-type': FORM_TYPE, 'content-length': `${body.length}` })
  client.end(body)
  const reply = await Promise.race([replyTo(client), wait(seconds * 1000, undefined)])
  client.destroy()
  expect(reply?.status, `${size} bytes within ${seconds} seconds`).toBe(201)
}

/** Starts a server that has stored a file: the first upload of a process loads the SDK, which takes much memory and time. */
async function startWarmTarget(options?: ServerOptions): Promise<Target> {
  const target = await startTarget(options)
  await expectService(target, 1, 40)
  return target
}

async function expectBounded(target: Target, attack: string): Promise<void> {
  const { peakRSS, budget, failures } = await target.state()
  const limit = budget.size + LIMIT_ABOVE_BUDGET
  process.stdout.write(
    `${attack}: peak RSS ${Math.round(peakRSS / MB)} of ${limit / MB} MB, failed ${JSON.stringify(failures)}\n`,
  )
  expect(peakRSS).toBeLessThan(limit)
}

/** Resolves when the server has worked off what it received: its state remains the same. */
async function settle(target: Target): Promise<void> {
  let before = ''
  for (let check = 0; check < 40; check++) {
    const { budget, failures } = await target.state()
    const now = JSON.stringify([budget, failures])
    if (now === before) return
    before = now
    await wait(500)
  }
}

describe('a server under attack', () => {
  it('by clients that send a byte of a file now and then, and come again when refused', async () => {
    const target = await startWarmTarget({ idleTimeout: 1000 })
    const start = `${requestHead()}${httpChunk(`${openPart('file', 'file')}x`)}`
    const sockets = new Set<ReturnType<typeof connectOne>>()
    let isOver = false
    const attack = () => {
      const socket = connectOne(target.port).on('data', () => socket.destroy())
      socket.on('close', () => {
        sockets.delete(socket)
        if (!isOver) setTimeout(attack, 50)
      })
      sockets.add(socket)
      socket.write(start)
    }
    for (let client = 0; client < 60; client++) attack()
    const trickle = setInterval(() => {
      for (const socket of sockets) socket.write(httpChunk('x'))
    }, 700)
    try {
      while ((await target.state()).budget.waiting === 0) await wait(10)
      for (let time = 0; time < 2; time++) {
        await Promise.all([expectService(target), expectService(target, MB)])
      }
      await expectBounded(target, '60 clients that trickle')
      expect((await target.state()).failures).toHaveProperty('CLIENT_TOO_SLOW')
    } finally {
      isOver = true
      clearInterval(trickle)
      for (const socket of sockets) socket.destroy()
    }
  })

  it('by clients that begin a file and wait', async () => {
    const target = await startWarmTarget()
    const sockets = await connectAll(target.port, 2000)
    await writeAll(sockets, `${requestHead()}`)
    await writeAll(sockets, httpChunk(openPart('file', 'file') + 'x'.repeat(100_000)))
    await settle(target)
    await expectService(target)
    await expectBounded(target, '2000 clients that begin a file')
  })

  it('by clients that begin a small file and wait', async () => {
    const target = await startWarmTarget()
    const sockets = await connectAll(target.port, 1000)
    await writeAll(sockets, `${requestHead(400_000)}${openPart('file', 'file')}${'x'.repeat(300_000)}`)
    await settle(target)
    await expectBounded(target, '1000 clients that begin a small file')
  })

  it('by forms full of fields in UTF-16', async () => {
    const target = await startWarmTarget()
    const sockets = await connectAll(target.port, 400)
    const field = (i: number) => `${openPart(`f${i}`)}€${'a'.repeat(64_000)}`
    await writeAll(sockets, requestHead())
    await writeAll(sockets, httpChunk(Array.from({ length: 16 }, (_, i) => field(i)).join('')))
    await settle(target)
    await expectService(target)
    await expectBounded(target, '400 clients that send 1 MB of fields')
  })

  it('by forms with more fields than their limit, on connections that stay open', async () => {
    const target = await startWarmTarget()
    const sockets = await connectAll(target.port, 100)
    const field = (i: number) => `${openPart(`f${i}`)}€${'a'.repeat(64_000)}`
    await writeAll(sockets, requestHead())
    await writeAll(sockets, httpChunk(Array.from({ length: 100 }, (_, i) => field(i)).join('')))
    await settle(target)
    await expectService(target)
    await expectBounded(target, '100 clients that send 6 MB of fields')
    expect((await target.state()).failures).toEqual({ FIELDS_TOO_LARGE: 100 })
  })

  it.each([
    ['a field', openPart('field')],
    ['the headers of a form part', `\r\n--${BOUNDARY}\r\nX: `],
  ])('by clients that send %s one byte at a time', async (what, start) => {
    const target = await startWarmTarget()
    const sockets = await connectAll(target.port, 100)
    await writeAll(sockets, `${requestHead()}${httpChunk(start)}`)
    await writeAll(sockets, '1\r\na\r\n'.repeat(10_000), 20_000)
    await settle(target)
    // A million chunks keep a slow machine busy for longer than the default.
    await expectService(target, 20_000, 40)
    await expectBounded(target, `100 clients that send ${what} one byte at a time`)
  })

  it('by clients that do not read a response that is larger than their form', async () => {
    const target = await startWarmTarget({ idleTimeout: 2000 })
    const sockets = await connectAll(target.port, 200)
    const field = (i: number) => `${openPart(`f${i}`)}${'\x01'.repeat(64_000)}`
    const body = `${Array.from({ length: 16 }, (_, i) => field(i)).join('')}${END_OF_FORM}`
    for (const socket of sockets) socket.pause()
    await writeAll(sockets, `${requestHead(body.length)}${body}`)
    await settle(target)
    await expectService(target)
    await wait(3000)
    const { rss } = await target.state()
    await expectBounded(target, '200 clients that do not read')
    expect(rss).toBeLessThan(300 * MB)
  })

  it('by connections that send 100 bytes and leave', async () => {
    const target = await startWarmTarget()
    const sockets = await connectAll(target.port, 1500)
    await writeAll(sockets, requestHead())
    await wait(500)
    for (const socket of sockets) socket.resetAndDestroy()
    await expectService(target)
    await wait(5000)
    const honest = await connectAll(target.port, 50)
    for (const socket of honest) {
      socket.write(`${requestHead()}${httpChunk(`${openPart('file', 'file')}x`)}`)
      await wait(10)
    }
    await settle(target)
    const { budget } = await target.state()
    expect(budget.inUse).toBeGreaterThan((3 / 4) * budget.size)
    await expectBounded(target, '1500 clients that leave')
  })

  it('by forms of many small files', async () => {
    const target = await startWarmTarget({ maxFiles: 100 })
    const sockets = await connectAll(target.port, 200)
    const file = openPart('file', 'a'.repeat(8000)) + 'x'.repeat(20_000)
    await writeAll(sockets, requestHead())
    await writeAll(sockets, httpChunk(file.repeat(90)))
    await settle(target)
    await expectService(target)
    await expectBounded(target, '200 clients that send 90 small files each')
  })

  it('while S3 does not answer', async () => {
    const target = await startWarmTarget({ idleTimeout: 500 })
    const release = hold(target.s3, 'UploadPart')
    const body = Buffer.from(`${openPart('file', 'file')}${'x'.repeat(11 * MB)}${END_OF_FORM}`)
    const sockets = await connectAll(target.port, 40)
    const replies = sockets.map(socket => statusOf(socket))
    for (const socket of sockets) socket.write(requestHead(body.length))
    for (const socket of sockets) socket.write(body)
    await settle(target)
    await wait(3000)
    await expectBounded(target, '40 clients while S3 does not answer')
    expect((await target.state()).failures).toEqual({})
    release()
    expect(await Promise.all(replies)).toEqual(Array(40).fill(201))
  })
})

async function statusOf(socket: ReturnType<typeof connectOne>): Promise<Reply['status']> {
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    return Number(/^HTTP\/1\.1 (\d{3})/.exec(chunk.toString('latin1'))?.[1])
  }
  return 0
}
