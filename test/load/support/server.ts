import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { defaultMemoryBudget } from 's3-upstream'
import { s3Upload } from 's3-upstream/http'
import { peakRSS } from '../../support/peak-rss.ts'

/** The options that a test gives this process: those of a route that are JSON. */
export interface ServerOptions {
  idleTimeout?: number
  maxFiles?: number
}

/** What this process says about itself when it receives a message. */
export interface ServerState {
  rss: number
  peakRSS: number
  budget: { size: number; inUse: number; waiting: number }
  /** Failed uploads for each error code. */
  failures: Record<string, number>
}

/** Run as a process of its own by target.ts. */
const options: ServerOptions = JSON.parse(process.argv[2] ?? '{}')
const failures: Record<string, number> = {}
const onError = (error: unknown) => {
  const code = (error as { code?: string }).code ?? String(error)
  failures[code] = (failures[code] ?? 0) + 1
}

process.on('message', () => {
  const { size, inUse, waiting } = defaultMemoryBudget
  const state: ServerState = {
    rss: process.memoryUsage.rss(),
    peakRSS: peakRSS(),
    budget: { size, inUse, waiting },
    failures,
  }
  process.send?.(state)
})

const server = createServer(s3Upload('uploads', { onError, ...options }))
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
await once(server, 'listening')
process.send?.((server.address() as AddressInfo).port)
