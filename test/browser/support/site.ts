import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buildSync } from 'esbuild'
import { afterAll, beforeAll } from 'vitest'
import { PNG_HEAD } from '../../support/tiny-files.ts'

declare global {
  interface Window {
    /** The browser helper, imported by the page without a bundler. */
    client: typeof import('s3-upstream/client')
    /** Makes a file that begins as a PNG file does. */
    picture(name: string, size: number): File
  }
}

const PAGE = `<!doctype html><html lang="en"><title>Test</title><link rel="icon" href="data:,">
<script type="module">import * as client from '/client.js'; window.client = client
window.picture = (name, size) => {
  const bytes = new Uint8Array(size)
  bytes.set([${[...PNG_HEAD]}].slice(0, size))
  return new File([bytes], name, { type: 'image/png' })
}</script>
<form>
  <input type="file" name="photo" multiple>
  <input type="file" name="left-empty">
  <input name="title" value="A title">
  <input type="checkbox" name="public" checked>
</form>`

const { outputFiles } = buildSync({
  entryPoints: ['client/index.ts'],
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  write: false,
})

/** Starts a server with these routes and a page that imports the browser helper. */
export function useSite(routes: Record<string, RequestListener>): { readonly url: string; server: Server } {
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    if (routes[path]) return routes[path](request, response)
    const isClient = path === '/client.js'
    response.setHeader('Content-Type', isClient ? 'text/javascript' : 'text/html')
    response.end(isClient ? outputFiles[0]?.text : PAGE)
  })
  beforeAll(() => once(server.listen(0, '127.0.0.1'), 'listening'))
  afterAll(async () => {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  })
  return {
    server,
    get url() {
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    },
  }
}

export async function readText(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request.setEncoding('latin1')) text += chunk
  return text
}
