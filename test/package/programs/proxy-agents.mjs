import { once } from 'node:events'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { connect } from 'node:net'
import { S3Client } from '@aws-sdk/client-s3'
import { startS3 } from 's3-upstream/testing'
import lib from './lib.cjs'

/** Uploads through a CONNECT proxy with each version of https-proxy-agent. Prints the requests that ran at once. */
const UPLOADS = 20
const require = createRequire(import.meta.url)
const s3 = await startS3({ buckets: ['uploads'] })
const proxy = createServer().listen(0, '127.0.0.1')
await once(proxy, 'listening')
let tunnels = 0
proxy.on('connect', ({ url }, socket, head) => {
  tunnels++
  const [host, port] = url.split(':')
  const target = connect(Number(port), host, () => {
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
    target.write(head)
    target.pipe(socket).pipe(target)
  })
  for (const end of [socket, target]) end.on('error', () => {})
})

const outcomes = {}
for (const name of ['https-proxy-agent-5', 'https-proxy-agent-7']) {
  const { HttpsProxyAgent } = require(name)
  const agent = new HttpsProxyAgent(`http://127.0.0.1:${proxy.address().port}`)
  const { endpoint, region, credentials } = s3
  const requestHandler = { httpAgent: agent, httpsAgent: agent }
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true, requestHandler })
  const route = await lib.openRoute({ client, storageTimeout: '20s' })
  await route.send(1)
  let arrived = 0
  let release = () => {}
  const allArrived = new Promise(resolve => {
    release = resolve
  })
  const remove = s3.fault(() => {
    if (++arrived === UPLOADS) release()
    return { until: allArrived }
  })
  const statuses = await Promise.all(Array.from({ length: UPLOADS }, () => route.send(1)))
  outcomes[name] = { statuses: [...new Set(statuses)], arrived, tunneled: tunnels > 0 }
  remove()
  route.close()
  client.destroy()
  tunnels = 0
}
process.stdout.write(JSON.stringify(outcomes))
process.exit()
