import { Agent, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import express5 from 'express'
import Koa from 'koa'
import { s3Upload as expressUpload } from 's3-upstream/express'
import { s3Upload as koaUpload } from 's3-upstream/koa'
import { afterAll, describe, expect, it } from 'vitest'
import { bytes, MB } from '../support/bytes.ts'
import { FORM_TYPE, filePart, formBody } from '../support/form-body.ts'
import { listen, useRunningRoutes } from '../support/routes.ts'
import { open, type Reply, replyTo } from '../support/send.ts'
import { BUCKET, useStorage } from '../support/storage.ts'
import { findNginx, type Nginx, startNginx } from './nginx.ts'

const nginxPath = findNginx()
const s3 = await useStorage()
const running = useRunningRoutes()

const options = (respond: boolean) => ({
  bucket: BUCKET,
  client: s3.oneTry,
  onError() {},
  respond,
  maxFileSize: '100KB' as const,
  maxTotalSize: '1GB' as const,
  // Leaves an unread rest behind each form that is refused and large.
  maxDrainSize: '256KB' as const,
})

function expressApp(respond: boolean): RequestListener {
  const app = express5()
  app.set('env', 'test')
  app.post('/upload', expressUpload(options(respond)), (request, response) => {
    response.status(201).json(request.upload)
  })
  app.post('/order', (request, response) => {
    request.resume().once('end', () => response.send('ordered'))
  })
  return app as unknown as RequestListener
}

function koaApp(respond: boolean): RequestListener {
  const app = new Koa()
  app.silent = true
  app.use(async (ctx, next) => {
    if (ctx.path === '/upload') return next()
    await new Promise(resolve => ctx.req.resume().once('end', resolve))
    ctx.body = 'ordered'
  })
  app.use(koaUpload(options(respond)))
  app.use(ctx => {
    ctx.status = 201
    ctx.body = ctx.state.upload
  })
  return app.callback() as unknown as RequestListener
}

const KB = 1024
const REQUESTS = 200
const CLIENTS = 8
/** Bytes of refused files: read at once, read by the drain, and more than the drain reads. */
const REFUSED_SIZES = [100 * KB + 1, 300 * KB, 1 * MB, 3 * MB]

const apps = [
  { name: 'Express', makeApp: expressApp },
  { name: 'Koa', makeApp: koaApp },
]
const cases = apps.flatMap(app =>
  [true, false].flatMap(respond =>
    ['on', 'off'].map(buffering => ({
      ...app,
      respond,
      buffering,
      title: `${app.name}, respond: ${respond}, proxy_request_buffering ${buffering}`,
    })),
  ),
)

describe('behind nginx that keeps its connections', () => {
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS })
  let nginx: Nginx | undefined
  afterAll(async () => {
    await nginx?.close()
    agent.destroy()
  })

  async function start(handler: RequestListener, location: string): Promise<string> {
    const route = await listen(() => handler)
    running.push(route)
    await nginx?.close()
    nginx = await startNginx(nginxPath, (route.server.address() as AddressInfo).port, location)
    return `http://127.0.0.1:${nginx.port}`
  }

  function send(url: string, body: Buffer, type = FORM_TYPE, connections: Agent | false = agent) {
    const client = open(url, { 'content-type': type, 'content-length': `${body.length}` }, connections)
    client.end(body)
    return replyTo(client)
  }

  /** Sends all requests, a few at a time, each on a connection that served another before. */
  async function sendAll(requests: (() => Promise<void>)[]): Promise<void> {
    const queue = requests.values()
    const client = async () => {
      for (const request of queue) await request()
    }
    await Promise.all(Array.from({ length: CLIENTS }, client))
  }

  it.each(cases)(
    '$title: gives every upload and every refusal its own response',
    async ({ makeApp, respond, buffering }) => {
      const url = await start(makeApp(respond), `proxy_request_buffering ${buffering};`)
      const wrong: unknown[] = []
      const expectReply = (reply: Reply, status: number, detail: unknown, expected: unknown) => {
        if (reply.status !== status || detail !== expected)
          wrong.push([reply.status, reply.text.slice(0, 100)])
      }
      // Without buffering, nginx closes a client's connection after an early response, which says `keep-alive` all the same.
      const ofRefused = buffering === 'on' ? agent : false
      const refused = Array.from({ length: REQUESTS }, (_, index) => async () => {
        const size = REFUSED_SIZES[index % REFUSED_SIZES.length] as number
        const reply = await send(
          `${url}/upload`,
          formBody([filePart('a', 'a', Buffer.alloc(size))]),
          FORM_TYPE,
          ofRefused,
        )
        const detail = respond ? reply.json.code : reply.text.includes('larger than 100 KB')
        expectReply(reply, 413, detail, respond ? 'FILE_TOO_LARGE' : true)
      })
      const good = Array.from({ length: REQUESTS }, (_, index) => async () => {
        const file = bytes(1 + index * 500, index)
        const reply = await send(`${url}/upload`, formBody([filePart('a', `${index}`, file)]))
        expectReply(
          reply,
          201,
          `${reply.json?.files?.[0]?.filename} ${reply.json?.files?.[0]?.size}`,
          `${index} ${file.length}`,
        )
      })
      const other = Array.from({ length: REQUESTS / 4 }, () => async () => {
        const reply = await send(`${url}/order`, Buffer.from('item=1'), 'application/x-www-form-urlencoded')
        expectReply(reply, 200, reply.text, 'ordered')
      })
      await sendAll(
        refused.flatMap((request, index) => [request, good[index], other[index]].filter(each => !!each)),
      )
      expect(wrong).toEqual([])
      expect(s3.objects(BUCKET)).toHaveLength(REQUESTS)
    },
  )
})
