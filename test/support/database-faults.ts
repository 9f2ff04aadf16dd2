import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { s3Upload } from 's3-upstream/http'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { z } from 'zod'
import { saveDocument, TABLES } from '../../examples/postgres/documents.ts'
import type { Connect, Connection } from '../../examples/postgres/transaction.ts'
import { bytes, MB } from './bytes.ts'
import { FORM_TYPE, filePart, formBody } from './form-body.ts'
import { open, post } from './send.ts'
import { BUCKET, useStorage } from './storage.ts'
import { until } from './until.ts'

const broken = () => Object.assign(new Error('Connection terminated'), { code: 'ECONNRESET' })

interface Fault {
  name: string
  /** What becomes of a statement. The connection breaks when it throws. */
  query(sql: string, send: () => ReturnType<Connection['query']>): ReturnType<Connection['query']>
  /** True if row and objects must be there. */
  isSaved: boolean
  status: number
}

const failAt = (start: string) => (sql: string, send: () => ReturnType<Connection['query']>) => {
  if (sql.startsWith(start)) throw broken()
  return send()
}

const LOST_COMMIT: Fault = {
  name: 'a COMMIT whose response is lost',
  async query(sql, send) {
    const result = await send()
    if (sql.startsWith('COMMIT')) throw broken()
    return result
  },
  isSaved: true,
  status: 201,
}

const FAULTS: Fault[] = [
  { name: 'no fault', query: (_, send) => send(), isSaved: true, status: 201 },
  {
    name: 'a connection that breaks before the transaction',
    query: failAt('BEGIN'),
    isSaved: false,
    status: 500,
  },
  {
    name: 'a connection that breaks at the first row',
    query: failAt('INSERT INTO documents'),
    isSaved: false,
    status: 500,
  },
  {
    name: 'a connection that breaks at a later row',
    query: failAt('INSERT INTO document_files'),
    isSaved: false,
    status: 500,
  },
  {
    name: 'a constraint that a row violates',
    query: (sql, send) => (sql.startsWith('INSERT INTO documents') ? send().then(send) : send()),
    isSaved: false,
    status: 500,
  },
  { name: 'a COMMIT that does not reach the database', query: failAt('COMMIT'), isSaved: false, status: 500 },
  LOST_COMMIT,
]

/** Row and objects together, or neither: on every database that can be opened. */
export function databaseFaults(
  openDatabase: () => Promise<{ connect: Connect; close(): Promise<void> }>,
): void {
  describe('a document and its objects', async () => {
    const s3 = await useStorage()
    let database: Awaited<ReturnType<typeof openDatabase>>
    let connect: Connect
    let server: Server
    let errors: unknown[] = []

    beforeEach(async () => {
      database = await openDatabase()
      connect = database.connect
      await run(TABLES)
      await run('TRUNCATE documents, document_files')
    })
    afterEach(async () => {
      server.close()
      server.closeAllConnections()
      await database.close()
    })

    async function run(sql: string): Promise<Record<string, unknown>[]> {
      const connection = await database.connect()
      try {
        let rows: Record<string, unknown>[] = []
        for (const statement of sql.split(';').filter(text => text.trim() !== '')) {
          rows = (await connection.query(statement)).rows
        }
        return rows
      } finally {
        connection.release()
      }
    }

    /** Each statement of a transaction passes through the fault; those that ask for its outcome do not. */
    function withFault(fault: Fault): Connect {
      return async () => {
        const connection = await database.connect()
        let isBroken = false
        return {
          async query(sql, parameters) {
            if (isBroken && sql !== 'ROLLBACK') throw broken()
            const send = () => connection.query(sql, parameters)
            try {
              return await fault.query(sql, send)
            } catch (error) {
              isBroken = true
              throw error
            }
          },
          release: error => connection.release(error),
        }
      }
    }

    async function start(onStored?: () => Promise<void>): Promise<string> {
      errors = []
      const upload = s3Upload(BUCKET, {
        client: s3.oneTry,
        files: { document: { required: true, maxCount: 5 } },
        fields: z.object({ title: z.string().min(3) }),
        fieldsFirst: true,
        digest: 'sha256',
        onError: error => errors.push(error),
        async onStored(result) {
          await onStored?.()
          return saveDocument(connect, result, 1)
        },
      })
      server = createServer(upload).listen(0, '127.0.0.1')
      await once(server, 'listening')
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    }

    const form = (title: string) =>
      formBody([
        { name: 'title', body: title },
        filePart('document', 'a.txt', 'small'),
        filePart('document', 'b.bin', bytes(6 * MB)),
      ])

    async function expectSaved(titles: string[]): Promise<void> {
      const documents = await run('SELECT title FROM documents ORDER BY title')
      expect(documents.map(({ title }) => title)).toEqual(titles)
      const files = await run('SELECT key, size::int AS size FROM document_files ORDER BY key')
      expect(files).toEqual(
        s3
          .objects(BUCKET)
          .map(({ key, size }) => ({ key, size }))
          .sort((a, b) => (a.key < b.key ? -1 : 1)),
      )
      expect(files).toHaveLength(2 * titles.length)
      expect(s3.uploads(BUCKET)).toEqual([])
    }

    it.each(FAULTS)('are there together, or neither, with $name', async fault => {
      connect = withFault(fault)
      const reply = await post(await start(), form('Report'))
      expect(reply.status).toBe(fault.status)
      if (fault.isSaved) expect(reply.json).toEqual({ id: expect.any(String), title: 'Report', files: 2 })
      else expect(errors).toMatchObject([{ code: 'HOOK_FAILED', leftovers: [] }])
      expect(reply.text).not.toContain('Connection')
      await expectSaved(fault.isSaved ? ['Report'] : [])
    })

    it('are both there if the database is gone before it has told the outcome of COMMIT', async () => {
      const printed = vi.spyOn(console, 'error').mockImplementation(() => {})
      onTestFinished(() => printed.mockRestore())
      const lastConnection = withFault(LOST_COMMIT)
      let connections = 0
      connect = async () => {
        if (connections++ > 0) throw broken()
        return lastConnection()
      }
      expect(await post(await start(), form('Report'))).toMatchObject({
        status: 201,
        json: { title: 'Report' },
      })
      await expectSaved(['Report'])
      expect(connections).toBeGreaterThan(2)
      expect(`${printed.mock.calls[0]}`).toMatch(/^The outcome of transaction \d+ is unknown/)
    })

    it('are not there if the application refuses them, and the earlier ones stay', async () => {
      const released: unknown[] = []
      connect = async () => {
        const connection = await database.connect()
        return {
          query: (sql, parameters) => connection.query(sql, parameters),
          release(error) {
            released.push(error)
            connection.release(error)
          },
        }
      }
      const url = await start()
      expect((await post(url, form('Report'))).status).toBe(201)
      expect(await post(url, form('Report'))).toMatchObject({
        status: 422,
        json: { code: 'REFUSED', detail: 'There is a document with this title.' },
      })
      // The pool keeps the connection of a refusal.
      expect(released).toEqual([undefined, undefined])
      await expectSaved(['Report'])
    })

    it('are not there if the fields are refused', async () => {
      expect(await post(await start(), form('x'))).toMatchObject({
        status: 422,
        json: { code: 'INVALID_FIELDS' },
      })
      await expectSaved([])
    })

    it('are both there if the client leaves during the transaction', async () => {
      let isRunning = false
      let goOn = () => {}
      const gate = new Promise<void>(resolve => {
        goOn = resolve
      })
      const url = await start(() => {
        isRunning = true
        return gate
      })
      const connected = once(server, 'connection') as Promise<[Socket]>
      const body = form('Report')
      const client = open(url, { 'content-type': FORM_TYPE, 'content-length': `${body.length}` })
      client.end(body)
      const [socket] = await connected
      await until(() => isRunning)
      client.destroy()
      await once(socket, 'close')
      goOn()
      while ((await run('SELECT 1 FROM documents')).length === 0);
      await expectSaved(['Report'])
      expect(errors).toEqual([])
    })

    it('are neither there if the client leaves before', async () => {
      const body = form('Report')
      const client = open(await start(), { 'content-type': FORM_TYPE, 'content-length': `${body.length}` })
      client.write(body.subarray(0, body.length - 10))
      await until(() => s3.requests.some(({ operation }) => operation === 'UploadPart'))
      client.destroy()
      await until(() => errors.length > 0)
      await expectSaved([])
    })
  })
}
