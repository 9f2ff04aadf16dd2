import { defineConfig } from 'vitest/config'
import { suite } from './vitest.suite.ts'

/** Tests of the published package. They need a build first. */
export default defineConfig({
  test: {
    ...suite('package'),
    include: ['test/package/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})
