import type { InlineConfig } from 'vitest/node'

/** What every suite has in common. In CI, a suite leaves a report for scripts/sum-reports.mjs. */
export function suite(name: string) {
  return {
    env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    reporters: process.env.CI ? ['default', ['json', { outputFile: `reports/${name}.json` }]] : ['default'],
  } satisfies InlineConfig
}
