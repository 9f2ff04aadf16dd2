import { defineConfig } from 'vitest/config'
import base from './vitest.config.ts'
import { suite } from './vitest.suite.ts'

/** Tests against a PostgreSQL server: see scripts/test-postgres.sh. */
export default defineConfig({
  resolve: base.resolve,
  test: {
    ...suite('postgres'),
    include: ['test/postgres/**/*.test.ts'],
    testTimeout: 30_000,
    fileParallelism: false,
  },
})
