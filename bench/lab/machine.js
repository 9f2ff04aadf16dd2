import { cpus, release, totalmem, type } from 'node:os'

/** What figures depend on; nothing that tells whose machine it is. */
export function describeMachine() {
  return {
    cpu: cpus()[0].model.trim(),
    cores: cpus().length,
    memory: totalmem(),
    system: `${type()} ${release().split('-')[0]}`,
    node: process.version,
  }
}
