import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * True if all programs are installed. Without them, tests are skipped with a message. In CI, they must be installed.
 *
 * @param purpose what is not tested without them
 */
export function areInstalled(programs: string[], purpose: string): boolean {
  const missing = programs.filter(program => !isInstalled(program))
  if (missing.length === 0) return true
  const message = `Not installed: ${missing.join(', ')}. Needed to test ${purpose}.`
  if (process.env.CI) throw new Error(message)
  process.stdout.write(`Skipped: ${message}\n`)
  return false
}

function isInstalled(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some(folder => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
