import { defineConfig } from 'vitest/config'
import { findChromium } from './test/browser/support/chromium.ts'
import base from './vitest.config.ts'
import { suite } from './vitest.suite.ts'

// In CI nothing is skipped: without a browser the tests fail.
const isSkipped = !process.env.CI && findChromium() === undefined
if (isSkipped) {
  process.stdout.write(
    'Skipped the browser tests: Chromium or Chrome not found.\n' +
      'Install one (Debian: apt-get install chromium), or set its path: CHROME_PATH=… npm run test:browser\n',
  )
}

/** Tests in an installed Chromium or Chrome. Downloads no browser. */
export default defineConfig({
  resolve: base.resolve,
  test: {
    ...suite('browser'),
    include: isSkipped ? [] : ['test/browser/**/*.test.ts'],
    passWithNoTests: isSkipped,
    // Each test file starts its own browser and servers, and the machine can have few cores.
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
