import { randomUUID } from 'node:crypto'
import { UploadError, type UploadResult } from 's3-upstream'
import { type Connect, type Connection, inTransaction } from './transaction.ts'

export const TABLES = `
  CREATE TABLE IF NOT EXISTS documents (id uuid PRIMARY KEY, title text NOT NULL UNIQUE);
  CREATE TABLE IF NOT EXISTS document_files (
    document uuid NOT NULL REFERENCES documents,
    key text PRIMARY KEY,
    size bigint NOT NULL,
    sha256 text NOT NULL
  );
`

/** Saves a document and the objects of its files, or rejects and saves nothing. For `onStored`. */
export async function saveDocument(
  connect: Connect,
  { fields: { title }, files }: UploadResult<{ title: string }>,
  pause?: number,
): Promise<{ id: string; title: string; files: number }> {
  const id = randomUUID()
  async function save(connection: Connection) {
    await refuseTwice(connection, title)
    await connection.query('INSERT INTO documents (id, title) VALUES ($1, $2)', [id, title])
    for (const { key, size, digests } of files) {
      await connection.query(
        'INSERT INTO document_files (document, key, size, sha256) VALUES ($1, $2, $3, $4)',
        [id, key, size, digests?.sha256],
      )
    }
  }
  await inTransaction(connect, save, pause)
  return { id, title, files: files.length }
}

/** The client sees this error. A violated constraint would be a fault of the server. */
async function refuseTwice(connection: Connection, title: string): Promise<void> {
  const { rows } = await connection.query('SELECT 1 FROM documents WHERE title = $1', [title])
  if (rows.length > 0) throw new UploadError('REFUSED', 'There is a document with this title.')
}
