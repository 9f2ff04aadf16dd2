import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

/** Returns a function that creates a sparse file of any size, with these first bytes. Sparse files take no disk space. */
export function useFiles(): (name: string, size: number, start?: string | Buffer) => string {
  const folder = mkdtempSync(join(tmpdir(), 's3-upstream-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  return (name, size, start = '') => {
    const path = join(folder, name)
    writeFileSync(path, start)
    truncateSync(path, size)
    return path
  }
}
