import { defineConfig } from 'vitest/config'
import base from './vitest.config.ts'
import { suite } from './vitest.suite.ts'

/** Attacks on the memory of a server in a process of its own. Bounded in connections and time. */
export default defineConfig({
  resolve: base.resolve,
  test: {
    ...suite('memory'),
    include: ['test/load/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
