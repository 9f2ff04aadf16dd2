import { createServer, type RequestListener, type Server } from 'node:http'
import { s3Upload } from 's3-upstream/http'
import type { Routes } from '../routes.ts'

export function createHttpServer({ documents, anything }: Routes, site: RequestListener): Server {
  const uploads: Record<string, RequestListener> = {
    '/upload': s3Upload(documents),
    '/upload/anything': s3Upload(anything),
  }
  return createServer((request, response) => {
    const handle = uploads[request.url ?? ''] ?? site
    handle(request, response)
  })
}
