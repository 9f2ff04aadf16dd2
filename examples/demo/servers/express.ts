import { createServer, type RequestListener, type Server } from 'node:http'
import express from 'express'
import { s3Upload } from 's3-upstream/express'
import type { Routes } from '../routes.ts'

export function createExpressServer({ documents, anything }: Routes, site: RequestListener): Server {
  const app = express()
  app.post('/upload', s3Upload(documents))
  app.post('/upload/anything', s3Upload(anything))
  app.use(site)
  return createServer(app)
}
