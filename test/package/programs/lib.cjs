const { createServer } = require('node:http')
const { once } = require('node:events')

/** Serves uploads with these options. Returns a function that sends files, and one that closes the server. */
exports.openRoute = async options => {
  const { s3Upload } = await import('s3-upstream/http')
  const errors = []
  const onError = error => errors.push(error.message)
  const server = createServer(s3Upload({ bucket: 'uploads', onError, ...options })).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    errors,
    async send(...sizes) {
      const form = new FormData()
      for (const size of sizes) form.append('f', new Blob([Buffer.alloc(size, 'x')]), `${size}.bin`)
      const { port } = server.address()
      const response = await fetch(`http://127.0.0.1:${port}`, { method: 'POST', body: form })
      await response.text()
      return response.status
    },
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
