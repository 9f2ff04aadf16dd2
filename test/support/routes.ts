import { once } from 'node:events'
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import express5 from 'express'
import express4 from 'express4'
import Koa3 from 'koa'
import Koa2 from 'koa2'
import { s3Upload as expressUpload } from 's3-upstream/express'
import { s3Upload as httpUpload } from 's3-upstream/http'
import { s3Upload as koaUpload } from 's3-upstream/koa'
import { afterEach } from 'vitest'
import type { OptionsOfRequest, S3UploadOptions } from '../../src/options/options.ts'
import type { UploadContext } from '../../src/shared/types.ts'
import { uploaders } from './uploaders.ts'

export interface RunningRoute {
  url: string
  server: Server
  /** Errors that reached the framework's error handler. */
  errors: unknown[]
  close(): Promise<void>
}

export interface RouteKind {
  name: string
  /** True if the framework has a next handler and an error handler. */
  hasNext: boolean
  /** Takes a function for the options of each request too, with those of the route behind it. */
  open(options: RouteInput, routeOptions?: Partial<S3UploadOptions>): Promise<RunningRoute>
}

type RouteInput = S3UploadOptions | OptionsOfRequest<UploadContext>

/** Every framework with an adapter. Each route takes uploads at every path. */
export const routes: RouteKind[] = [
  {
    name: 'Express 4',
    hasNext: true,
    open: (...options) => listen(errors => expressApp(express4, options, errors)),
  },
  {
    name: 'Express 5',
    hasNext: true,
    open: (...options) => listen(errors => expressApp(express5, options, errors)),
  },
  {
    name: 'Koa 2',
    hasNext: true,
    open: (...options) => listen(errors => koaApp(Koa2 as unknown as typeof Koa3, options, errors)),
  },
  { name: 'Koa 3', hasNext: true, open: (...options) => listen(errors => koaApp(Koa3, options, errors)) },
  {
    name: 'node:http',
    hasNext: false,
    open: (...options) => listen(() => httpUpload(...withoutRespond(options))),
  },
]

type RouteArguments = [RouteInput, Partial<S3UploadOptions>?]

/** The route of node:http always responds. */
function withoutRespond([first, ...rest]: RouteArguments): [never] {
  if (typeof first === 'function') return [first, ...rest] as unknown as [never]
  const { respond: _, ...options } = first
  return [options, ...rest] as unknown as [never]
}

/** Every adapter with every uploader. */
export const combinations = routes.flatMap(kind =>
  uploaders.map(({ name, uploader }) => ({ kind, name, uploader })),
)

/** Returns a list for running routes. Each test closes its routes at its end. */
export function useRunningRoutes(): RunningRoute[] {
  const running: RunningRoute[] = []
  afterEach(async () => {
    await Promise.all(running.splice(0).map(route => route.close()))
  })
  return running
}

/** The next handler responds with the result that the route passed on. */
function expressApp(express: typeof express5, options: RouteArguments, errors: unknown[]): RequestListener {
  const app = express()
  app.use(expressUpload(...(options as [never])))
  app.use((request, response) => {
    response.json({ passedOn: request.upload ?? null })
  })
  const onError: express5.ErrorRequestHandler = (error, _request, response, _next) => {
    errors.push(error)
    response.status(error.statusCode ?? 500).json({ handler: error.code ?? error.message })
  }
  return app.use(onError) as unknown as RequestListener
}

function koaApp(Koa: typeof Koa3, options: RouteArguments, errors: unknown[]): RequestListener {
  const app = new Koa()
  // Koa prints an error for every disconnected client.
  app.silent = true
  app.use(async (ctx, next) => {
    try {
      await next()
    } catch (error) {
      errors.push(error)
      const { statusCode, code, message } = error as Error & { statusCode?: number; code?: string }
      ctx.status = statusCode ?? 500
      ctx.body = { handler: code ?? message }
    }
  })
  app.use(koaUpload(...(options as [never])))
  app.use(ctx => {
    ctx.body = { passedOn: ctx.state.upload ?? null }
  })
  return app.callback()
}

export async function listen(makeHandler: (errors: unknown[]) => RequestListener): Promise<RunningRoute> {
  const errors: unknown[] = []
  const server = createServer(makeHandler(errors)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/`,
    server,
    errors,
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

/** Puts a function between a server and its handler, as middleware before the upload would be. */
export function wrapRequests(
  server: Server,
  wrapper: (handler: RequestListener, request: IncomingMessage, response: ServerResponse) => void,
): void {
  const [handler] = server.listeners('request') as [RequestListener]
  server.off('request', handler).on('request', (request, response) => wrapper(handler, request, response))
}
