// Limits for the size in a user's bundle, minified and compressed with brotli. Includes busboy and the other
// dependencies. Excludes the AWS SDK, a peer dependency. The entries import the frameworks as types only.
const node = {
  ignore: ['@aws-sdk/*'],
  modifyEsbuildConfig: config => ({ ...config, platform: 'node' }),
}

export default [
  { name: 's3-upstream/client', path: 'dist/client.js', limit: '3.6 kB', modifyEsbuildConfig: forBrowsers },
  {
    name: 's3-upstream/client, gzip',
    path: 'dist/client.js',
    limit: '4 kB',
    gzip: true,
    modifyEsbuildConfig: forBrowsers,
  },
  { name: 's3-upstream', path: 'dist/index.js', limit: '109 kB', ...node },
  { name: 's3-upstream/express', path: 'dist/express.js', limit: '108 kB', ...node },
  { name: 's3-upstream/koa', path: 'dist/koa.js', limit: '108 kB', ...node },
  { name: 's3-upstream/http', path: 'dist/http.js', limit: '108 kB', ...node },
  { name: 's3-upstream/lib-storage', path: 'dist/lib-storage.js', limit: '8 kB', ...node },
]

function forBrowsers(config) {
  return { ...config, platform: 'browser' }
}
