import { defineConfig } from 'vitest/config'

/** Tests of the published package. They need a build first. */
export default defineConfig({
  test: {
    include: ['test/package/**/*.test.ts'],
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    reporters: process.env.CI ? ['default', ['json', { outputFile: 'reports/package.json' }]] : ['default'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})
