import { defineConfig } from 'vitest/config'
import { findChromium } from './test/browser/support/chromium.ts'
import base from './vitest.config.ts'

// In CI the tests themselves fail for want of a browser.
const leftOut = !process.env.CI && findChromium() === undefined
if (leftOut) {
  process.stdout.write(
    'The browser tests are left out: there is no Chromium or Chrome here.\n' +
      'Install one (Debian: apt-get install chromium), or say where it is: CHROME_PATH=… npm run test:browser\n',
  )
}

/** Tests in a real Chromium that is installed already: nothing is downloaded. */
export default defineConfig({
  resolve: base.resolve,
  test: {
    include: leftOut ? [] : ['test/browser/**/*.test.ts'],
    passWithNoTests: leftOut,
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    reporters: process.env.CI ? ['default', ['json', { outputFile: 'reports/browser.json' }]] : ['default'],
    // Each file has a browser and servers of its own, and a machine may have few cores.
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
