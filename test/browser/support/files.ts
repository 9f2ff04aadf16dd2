import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'

/** Returns a function that creates a sparse file of any size. Sparse files take no disk space. */
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
