import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Creates a temporary folder. It is deleted when this process exits. */
export function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), 's3-upstream-bench-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}
