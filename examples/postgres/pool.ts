import type pg from 'pg'
import type { Connect } from './transaction.ts'

/**
 * Returns connections of a pool of `pg`. A connection that breaks emits 'error' besides the query that rejects, which would
 * end the process without a listener.
 */
export function connectTo(pool: pg.Pool): Connect {
  pool.on('error', printIdle)
  return async () => {
    const client = await pool.connect()
    client.on('error', ignore)
    return {
      query: (sql, parameters) => client.query(sql, parameters),
      release(error) {
        client.off('error', ignore)
        client.release(error)
      },
    }
  }
}

/** A connection broke while no transaction used it. */
function printIdle(error: Error): void {
  console.error(error)
}

function ignore(): void {}
