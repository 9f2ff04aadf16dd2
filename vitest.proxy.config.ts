import { defineConfig } from 'vitest/config'
import base from './vitest.config.ts'
import { suite } from './vitest.suite.ts'

/** Tests behind nginx, which must be installed. */
export default defineConfig({
  resolve: base.resolve,
  test: {
    ...suite('proxy'),
    include: ['test/proxy/**/*.test.ts'],
    testTimeout: 120_000,
  },
})
