import { setTimeout as wait } from 'node:timers/promises'

/** A connection to a database, as `pg` and PGlite have it. */
export interface Connection {
  query(sql: string, parameters?: unknown[]): Promise<{ rows: Record<string, unknown>[] }>
  /** Returns it to its pool. An error closes it. */
  release(error?: Error): void
}

export type Connect = () => Promise<Connection>

/** The database gets a minute to tell the outcome of a transaction. */
const ATTEMPTS = 60
const PAUSE_MS = 1000

/**
 * Runs a transaction. Rejects only if the database has certainly not committed it: then the caller can undo what belongs to it.
 *
 * The response to COMMIT can be lost after the database has carried it out. So the database is asked by the id of the
 * transaction: https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-SNAPSHOT
 */
export async function inTransaction(
  connect: Connect,
  work: (connection: Connection) => Promise<void>,
  pause = PAUSE_MS,
): Promise<void> {
  const connection = await connect()
  let id: unknown
  try {
    await connection.query('BEGIN')
    await work(connection)
    const { rows } = await connection.query('SELECT pg_current_xact_id()::text AS id')
    id = rows[0]?.id
    await connection.query('COMMIT')
    connection.release()
  } catch (error) {
    await end(connection, error)
    if (id === undefined || !(await mayBeCommitted(connect, id, pause))) throw error
  }
}

/** A connection that cannot roll back is broken. Its pool closes it. */
async function end(connection: Connection, error: unknown): Promise<void> {
  try {
    await connection.query('ROLLBACK')
    connection.release()
  } catch {
    connection.release(error as Error)
  }
}

/** Without a sign from the database, a row without its object would be worse than an object without a row. */
async function mayBeCommitted(connect: Connect, id: unknown, pause: number): Promise<boolean> {
  let problem: unknown
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    if (attempt > 1) await wait(pause)
    try {
      const status = await statusOf(connect, id)
      if (status === 'committed') return true
      if (status === 'aborted') return false
      problem = status
    } catch (error) {
      problem = error
    }
  }
  console.error(`The outcome of transaction ${id} is unknown:`, problem)
  return true
}

async function statusOf(connect: Connect, id: unknown): Promise<unknown> {
  const connection = await connect()
  try {
    const { rows } = await connection.query('SELECT pg_xact_status($1::text::xid8) AS status', [id])
    connection.release()
    return rows[0]?.status
  } catch (error) {
    connection.release(error as Error)
    throw error
  }
}
