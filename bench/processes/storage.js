import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { setTimeout as wait } from 'node:timers/promises'
import { handleCalls, listen, settings } from './handlers.js'

/**
 * A stand-in for S3. It reads, counts and discards bodies, verifies nothing, and responds at once or after a delay. It
 * records the size of every object, so that the benchmark detects lost bytes.
 */
const uploads = new Map()
let objects = []
let requests = 0
let uploadCount = 0
let delay = 0

const ETAG = '"9b2cf535f27731c974343645a3985328"'
const XML = '<?xml version="1.0" encoding="UTF-8"?>'

async function handle(request, response) {
  const size = await readAndDiscard(request)
  requests++
  const url = new URL(request.url, 'http://storage')
  const operation = operationOf(request.method, url.searchParams)
  const { status = 200, headers = {}, body = '' } = operation(url, size)
  if (delay > 0) await wait(delay)
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) })
  response.end(body)
}

function readAndDiscard(request) {
  return new Promise((resolve, reject) => {
    let size = 0
    request.on('data', chunk => {
      size += chunk.length
    })
    // In an aws-chunked body the framing is not content. A header has the length of the content.
    request.once('end', () => resolve(Number(request.headers['x-amz-decoded-content-length'] ?? size)))
    request.once('error', reject)
  })
}

function operationOf(method, query) {
  if (method === 'POST') return query.has('uploads') ? createUpload : completeUpload
  if (method === 'PUT') return query.has('uploadId') ? uploadPart : putObject
  if (method === 'DELETE') return query.has('uploadId') ? abortUpload : deleteObject
  return () => ({ headers: { etag: ETAG } })
}

function createUpload(url) {
  const id = `upload-${++uploadCount}`
  uploads.set(id, 0)
  const [, bucket, ...key] = url.pathname.split('/')
  const body = `${XML}<InitiateMultipartUploadResult><Bucket>${bucket}</Bucket><Key>${key.join('/')}</Key><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`
  return { headers: { 'content-type': 'application/xml' }, body }
}

function uploadPart(url, size) {
  const id = url.searchParams.get('uploadId')
  uploads.set(id, (uploads.get(id) ?? Number.NaN) + size)
  return { headers: { etag: ETAG } }
}

function completeUpload(url) {
  const id = url.searchParams.get('uploadId')
  objects.push(uploads.get(id))
  uploads.delete(id)
  const body = `${XML}<CompleteMultipartUploadResult><ETag>${ETAG}</ETag></CompleteMultipartUploadResult>`
  return { headers: { 'content-type': 'application/xml' }, body }
}

function putObject(_url, size) {
  objects.push(size)
  return { headers: { etag: ETAG } }
}

function abortUpload(url) {
  uploads.delete(url.searchParams.get('uploadId'))
  return { status: 204 }
}

function deleteObject() {
  objects.push(Number.NaN)
  return { status: 204 }
}

function onRequest(request, response) {
  handle(request, response).catch(() => response.destroy())
}

// No request timeout, because slow uploads take long.
const timeouts = { requestTimeout: 0, keepAliveTimeout: 60_000 }
const plain = createServer(timeouts, onRequest)
const [key, cert] = [settings.keyFile, settings.certFile].map(file => readFileSync(file))
const secure = createSecureServer({ ...timeouts, key, cert }, onRequest)

handleCalls({
  async start() {
    return { http: await listen(plain), https: await listen(secure) }
  },
  prepare(options) {
    delay = options.delay
    objects = []
    uploads.clear()
    requests = 0
  },
  report() {
    return { objects, requests, unfinished: uploads.size }
  },
})
