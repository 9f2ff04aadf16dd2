/**
 * The contestants: each has a server module in this folder, and options for it. `stores` is what storage must have
 * received after a run: each file, each whole request body (from the proxy, which does not parse it), or nothing.
 */
export const contestants = {
  express: ours('s3-upstream, Express', { framework: 'express' }),
  http: ours('s3-upstream, node:http', { framework: 'http' }),
  'express-unsigned': ours('s3-upstream, Express, unsigned payload', {
    framework: 'express',
    unsignedPayload: true,
  }),
  'express-lib-storage': ours('s3-upstream, Express, libStorage()', {
    framework: 'express',
    libStorage: true,
  }),
  'http-lib-storage': ours('s3-upstream, node:http, libStorage()', { framework: 'http', libStorage: true }),

  'express-accept': ours('s3-upstream, Express, accept', { framework: 'express', accept: 'image/*' }),
  'express-digest': ours('s3-upstream, Express, digest', { framework: 'express', digest: 'sha256' }),
  'express-accept-digest': ours('s3-upstream, Express, accept and digest', {
    framework: 'express',
    accept: 'image/*',
    digest: 'sha256',
  }),

  'multer-s3': peer('multer + multer-s3', 'multer-s3.js'),
  'multer-s3-types': peer('multer + multer-s3, AUTO_CONTENT_TYPE', 'multer-s3.js', { types: true }),
  busboy: peer('busboy + lib-storage', 'busboy.js'),
  formidable: peer('formidable + lib-storage', 'formidable.js'),
  'formidable-hash': peer('formidable + lib-storage, hashAlgorithm', 'formidable.js', { hash: 'sha256' }),
  fastify: peer('@fastify/multipart + lib-storage', 'fastify.js'),

  'raw-proxy': { title: 'raw proxy', kind: 'floor', server: 'raw-proxy.js', stores: 'body' },
  'busboy-drop': {
    title: 'busboy, bytes dropped',
    kind: 'floor',
    server: 'busboy-drop.js',
    stores: 'nothing',
  },
}

function ours(title, options) {
  return { title, kind: 'ours', server: 's3-upstream.js', options, stores: 'file' }
}

function peer(title, server, options) {
  return { title, kind: 'peer', server, options, stores: 'file' }
}
