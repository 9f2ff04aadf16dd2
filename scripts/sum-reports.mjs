// usage: node scripts/sum-reports.mjs FAILED_CHECKS SUITE...
// Sums the vitest reports reports/SUITE.json. The last line is "N passed, N failed". A suite without a report or
// without tests counts as one failed test. A skipped test counts as failed.
import { readFileSync } from 'node:fs'

const [failedChecks, ...suites] = process.argv.slice(2)
let passed = 0
let failed = 0

for (const suite of suites) {
  const report = read(`reports/${suite}.json`)
  const { numPassedTests = 0, numTotalTests = 0, success = false } = report ?? {}
  const notPassed = numTotalTests - numPassedTests
  passed += numPassedTests
  failed += notPassed > 0 || (success && numTotalTests > 0) ? notPassed : 1
  console.log(`${suite}: ${numPassedTests} of ${numTotalTests} passed${report ? '' : ' (no report)'}`)
}
// A failed suite is a failed check too. If tests failed, counts only the tests.
if (failed === 0) failed = Number(failedChecks)

console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

function read(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}
