import pg from 'pg'
import { connectTo } from '../../examples/postgres/pool.ts'
import { databaseFaults } from '../support/database-faults.ts'

/** Set by scripts/test-postgres.sh. */
const { DATABASE_URL } = process.env
if (!DATABASE_URL) throw new Error('Run npm run test:postgres, or set DATABASE_URL.')

databaseFaults(async () => {
  const pool = new pg.Pool({ connectionString: DATABASE_URL })
  return { connect: connectTo(pool), close: () => pool.end() }
})
