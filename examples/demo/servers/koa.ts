import { createServer, type RequestListener, type Server } from 'node:http'
import Koa, { type Middleware } from 'koa'
import { s3Upload } from 's3-upstream/koa'
import type { Routes } from '../routes.ts'

export function createKoaServer({ documents, anything }: Routes, site: RequestListener): Server {
  const app = new Koa()
  app.use(at('/upload', s3Upload(documents)))
  app.use(at('/upload/anything', s3Upload(anything)))
  app.use(ctx => {
    ctx.respond = false
    site(ctx.req, ctx.res)
  })
  return createServer(app.callback())
}

function at(path: string, middleware: Middleware): Middleware {
  return (ctx, next) => (ctx.path === path ? middleware(ctx, next) : next())
}
