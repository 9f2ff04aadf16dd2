import { randomUUID } from 'node:crypto'
import http, { createServer } from 'node:http'
import https from 'node:https'
import { pipeline } from 'node:stream/promises'
import { BUCKET, created, failed } from './common.js'

/** A lower bound: pipes the request to storage unchanged. Parses, signs and checks nothing. */
export function create({ endpoint, ca }) {
  const { Agent, request: send } = endpoint.startsWith('https:') ? https : http
  const agent = new Agent({ keepAlive: true, ca })

  async function forward(request) {
    const upstream = send(`${endpoint}/${BUCKET}/${randomUUID()}`, {
      method: 'PUT',
      agent,
      headers: { 'content-length': request.headers['content-length'] },
    })
    const responded = new Promise((resolve, reject) => {
      upstream.once('response', response => response.resume().once('end', () => resolve(response.statusCode)))
      upstream.once('error', reject)
    })
    await Promise.all([pipeline(request, upstream), responded])
    return responded
  }

  return createServer((request, response) => {
    forward(request).then(
      status => created(response, [{ status }]),
      error => failed(response, error),
    )
  })
}
