import { readFileSync } from 'node:fs'

/**
 * Returns the maximum resident memory of this process in bytes. The maximum of getrusage() can be that of the parent
 * process: Linux keeps it when a child starts.
 */
export function peakRSS(): number {
  try {
    const [, kibibytes] = /VmHWM:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
    return Number(kibibytes) * 1024
  } catch {
    return process.resourceUsage().maxRSS * 1024
  }
}
