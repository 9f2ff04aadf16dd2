import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { RequestListener, ServerResponse } from 'node:http'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
import type { Activity } from './activity.ts'
import { listFiles, sendFile } from './files.ts'
import { LIMITS } from './routes.ts'
import type { Storage } from './storage.ts'

const PAGE = new URL('./page/', import.meta.url)
const CLIENT = new URL('../../client/index.ts', import.meta.url)

const TYPES: Record<string, string> = {
  '.html': 'text/html',
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.svg': 'image/svg+xml',
}

/** Serves everything except the uploads: the page, the browser client, the stored files, the server's activity. */
export function createSite(storage: Storage, activity: Activity): RequestListener {
  const pages = new Set(readdirSync(PAGE))
  let client: string | undefined
  const scripts: Record<string, () => string> = {
    '/client.js': () => (client ??= bundleClient()),
    '/limits.js': () => `export default ${JSON.stringify(LIMITS)}`,
  }

  async function answer(path: string, response: ServerResponse): Promise<unknown> {
    if (path === '/activity') return activity.watch(response)
    const script = scripts[path]?.()
    if (script) return send(response, 'text/javascript', script)
    if (path === '/files') {
      const { description, maxKept } = storage
      const answer = { storage: description, maxKept, files: await listFiles(storage) }
      return send(response, 'application/json', JSON.stringify(answer))
    }
    const key = path.startsWith('/files/') && decodeURIComponent(path.slice('/files/'.length))
    if (key && (await sendFile(storage, key, response))) return
    const page = path === '/' ? 'index.html' : path.slice(1)
    const type = pages.has(page) && TYPES[extname(page)]
    if (type) return send(response, type, await readFile(new URL(page, PAGE), 'utf8'))
    return sendProblem(response, 404, 'Not found')
  }

  return async (request, response) => {
    try {
      const { pathname } = new URL(request.url ?? '', 'http://localhost')
      if (request.method === 'GET') await answer(pathname, response)
      else sendProblem(response, 405, 'Method not allowed')
    } catch (error) {
      console.error(error)
      if (response.headersSent) return response.destroy()
      const { name, message } = error as Error
      sendProblem(response, 502, 'Cannot read from the storage', `${name}: ${message}`)
    }
  }
}

/** Bundles the browser client. In your project, use your bundler or serve `node_modules/s3-upstream/dist/client.js`. */
function bundleClient(): string {
  const { outputFiles } = buildSync({
    entryPoints: [fileURLToPath(CLIENT)],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    write: false,
  })
  return outputFiles[0]?.text ?? ''
}

function send(response: ServerResponse, type: string, body: string): void {
  response.writeHead(200, {
    'Content-Type': `${type}; charset=utf-8`,
    'Content-Security-Policy': "default-src 'self'; img-src 'self' blob:",
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-cache',
  })
  response.end(body)
}

/** Sends problem details (https://www.rfc-editor.org/rfc/rfc9457), as the upload routes do. */
function sendProblem(response: ServerResponse, status: number, title: string, detail?: string): void {
  response.writeHead(status, { 'Content-Type': 'application/problem+json' })
  response.end(JSON.stringify({ type: 'about:blank', title, status, detail }))
}
