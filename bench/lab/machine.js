import { cpus, release, totalmem, type } from 'node:os'

/** Describes the machine as far as the figures depend on it, without names or addresses. */
export function describeMachine() {
  return {
    cpu: cpus()[0].model.trim(),
    cores: cpus().length,
    memory: totalmem(),
    system: `${type()} ${release().split('-')[0]}`,
    node: process.version,
  }
}
