// usage: node scripts/sum-reports.mjs FAILED_CHECKS SUITE...
// Sums the vitest reports reports/SUITE.json and ends with the line "N passed, N failed". A suite without a
// report, or without a test, has failed; so has a skipped test.
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
// A suite that failed is also a check that failed; it is counted once, by its tests.
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
