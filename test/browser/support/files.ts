import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

/** Makes files on the disk, as large as one likes: they are empty inside and take no room. */
export function useFiles(): (name: string, size: number) => string {
  const folder = mkdtempSync(join(tmpdir(), 's3-upstream-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  return (name, size) => {
    const path = join(folder, name)
    writeFileSync(path, '')
    truncateSync(path, size)
    return path
  }
}
