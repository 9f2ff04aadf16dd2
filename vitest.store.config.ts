import { defineConfig } from 'vitest/config'
import base from './vitest.config.ts'

/** Tests against an S3 store: see scripts/test-ceph.sh. Without S3_ENDPOINT they use the embedded server. */
export default defineConfig({
  resolve: base.resolve,
  test: {
    include: ['test/store/**/*.test.ts'],
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    reporters: process.env.CI ? ['default', ['json', { outputFile: 'reports/store.json' }]] : ['default'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
