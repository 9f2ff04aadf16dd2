import { defineConfig } from 'vitest/config'
import base from './vitest.config.ts'
import { suite } from './vitest.suite.ts'

/** Tests against an S3 store: see scripts/test-ceph.sh. Without S3_ENDPOINT they use the embedded server. */
export default defineConfig({
  resolve: base.resolve,
  test: {
    ...suite('store'),
    include: ['test/store/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
