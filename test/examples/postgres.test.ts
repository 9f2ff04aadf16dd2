import { PGlite } from '@electric-sql/pglite'
import { afterAll, beforeAll } from 'vitest'
import { databaseFaults } from '../support/database-faults.ts'

/** PostgreSQL inside of this process: what needs a server runs in test/postgres. */
let database: PGlite
beforeAll(async () => {
  database = await PGlite.create()
}, 60_000)
afterAll(() => database.close())

databaseFaults(async () => ({
  connect: async () => ({
    query: (sql, parameters) => database.query(sql, parameters),
    // The only connection: a transaction that broke must not stay open.
    release: error => void (error && database.exec('ROLLBACK').catch(() => {})),
  }),
  close: async () => {},
}))
