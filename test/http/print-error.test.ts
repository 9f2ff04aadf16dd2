import { inspect } from 'node:util'
import { afterAll, beforeEach, expect, it, vi } from 'vitest'
import { printError } from '../../src/http/print-error.ts'

const printed = vi.spyOn(console, 'error').mockImplementation(() => {})
beforeEach(() => {
  printed.mockClear()
})
afterAll(() => printed.mockRestore())

it('prints an error as it is', () => {
  const error = new Error('a database is down', { cause: new Error('connect ECONNREFUSED') })
  printError(error)
  expect(printed.mock.calls).toEqual([[error]])
})

it('escapes what a client sent and a database repeats, also in causes, and keeps the stack', () => {
  const forged = 'invalid input: "1\nFORGED $& line\u001b[31m"'
  const error = new Error(`outer ${forged}`, { cause: new Error(forged, { cause: new Error(forged) }) })
  printError(error)
  const [[text] = []] = printed.mock.calls
  expect(text).not.toContain('\u001b')
  expect(text).not.toMatch(/^ *FORGED/m)
  expect(text.match(/1\\nFORGED \$& line\\u001b\[31m/g)).toHaveLength(3)
  expect(text.split('\n').length).toBe(inspect(error).split('\n').length - 3)
})

it.each([
  [
    'an error that cannot be inspected',
    Object.assign(new Error('x'), {
      [inspect.custom]: () => {
        throw 1
      },
    }),
  ],
  [
    'causes in a circle',
    (() => {
      const e = new Error('a\nb')
      e.cause = e
      return e
    })(),
  ],
])('never throws: %s', (_, error) => {
  expect(() => printError(error)).not.toThrow()
  expect(printed).toHaveBeenCalledTimes(1)
})
