import { once } from 'node:events'
import { type AddressInfo, createServer, connect as openSocket, type Server, type Socket } from 'node:net'
import pg from 'pg'
import type { UploadedFile } from 's3-upstream'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { saveDocument, TABLES } from '../../examples/postgres/documents.ts'
import { connectTo } from '../../examples/postgres/pool.ts'
import type { Connect } from '../../examples/postgres/transaction.ts'

/** Set by scripts/test-postgres.sh. */
const { DATABASE_URL = '' } = process.env

/** The place of a cut: before PostgreSQL receives the statement, or after it has responded and before `pg` knows. */
type Cut = { statement: string; side: 'request' | 'response' }

let cut: Cut | undefined
let proxy: Server
/** Through the proxy, as the application has it. */
let pool: pg.Pool
let connect: Connect
const direct = new pg.Pool({ connectionString: DATABASE_URL })

beforeAll(async () => {
  proxy = createServer(relay).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const url = new URL(DATABASE_URL)
  url.host = `127.0.0.1:${(proxy.address() as AddressInfo).port}`
  pool = new pg.Pool({ connectionString: url.href })
  connect = connectTo(pool)
  await direct.query(TABLES)
})
afterAll(async () => {
  await pool.end()
  await direct.end()
  proxy.close()
})
beforeEach(async () => {
  cut = undefined
  await direct.query('TRUNCATE documents, document_files')
})

/** Passes the bytes on, and cuts both connections once at the given place. */
function relay(client: Socket): void {
  const { hostname, port } = new URL(DATABASE_URL)
  const server = openSocket(Number(port || 5432), hostname)
  let awaitsCut = false
  const end = () => {
    client.destroy()
    server.destroy()
  }
  for (const socket of [client, server]) socket.on('error', end).on('close', end)
  client.on('data', chunk => {
    const isPlace = cut !== undefined && chunk.includes(cut.statement)
    if (isPlace && cut?.side === 'request') return cutOnce(end)
    awaitsCut ||= isPlace
    server.write(chunk)
  })
  server.on('data', chunk => {
    if (awaitsCut) return cutOnce(end)
    client.write(chunk)
  })
}

function cutOnce(end: () => void): void {
  cut = undefined
  end()
}

function resultOf(title: string) {
  const file = { key: title, size: 1, digests: { sha256: 'x' } }
  return { fields: { title }, files: [file] as unknown as UploadedFile[] }
}

async function rowsOf(table: string): Promise<number> {
  const { rows } = await direct.query(`SELECT count(*)::int AS count FROM ${table}`)
  return rows[0].count
}

describe('saveDocument() over a connection that is cut', () => {
  const save = (title: string) => saveDocument(connect, resultOf(title), 1)

  it.each<Cut & { isSaved: boolean }>([
    { statement: 'BEGIN', side: 'request', isSaved: false },
    { statement: 'BEGIN', side: 'response', isSaved: false },
    { statement: 'INSERT INTO documents', side: 'request', isSaved: false },
    { statement: 'INSERT INTO document_files', side: 'response', isSaved: false },
    { statement: 'pg_current_xact_id', side: 'response', isSaved: false },
    { statement: 'COMMIT', side: 'request', isSaved: false },
    { statement: 'COMMIT', side: 'response', isSaved: true },
  ])('at the $side of $statement rejects only if nothing is saved', async ({ isSaved, ...place }) => {
    cut = place
    const outcome = await save('Report').then(
      () => true,
      () => false,
    )
    expect(cut).toBeUndefined()
    expect(outcome).toBe(isSaved)
    expect(await rowsOf('documents')).toBe(isSaved ? 1 : 0)
    expect(await rowsOf('document_files')).toBe(isSaved ? 1 : 0)
    // The pool has closed the broken connection, and opens another.
    await save('Another')
    expect(pool.idleCount).toBe(pool.totalCount)
  })

  it('whose server process is killed rejects, and saves nothing', async () => {
    const killing: Connect = async () => {
      const { query, release } = await connect()
      const { rows } = await query('SELECT pg_backend_pid() AS pid')
      return {
        async query(sql, parameters) {
          if (sql.startsWith('INSERT INTO document_files')) {
            await direct.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid])
          }
          return query(sql, parameters)
        },
        release,
      }
    }
    await expect(saveDocument(killing, resultOf('Report'), 1)).rejects.toThrow()
    expect(await rowsOf('documents')).toBe(0)
  })
})
