import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { suite } from './vitest.suite.ts'

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** Resolves the public names of the package to its source, for the tests. */
const alias = [
  { find: /^s3-upstream$/, replacement: source('./src/index.ts') },
  { find: /^s3-upstream\/lib-storage$/, replacement: source('./src/storage/lib-storage.ts') },
  { find: /^s3-upstream\/client$/, replacement: source('./client/index.ts') },
  { find: /^s3-upstream\/testing$/, replacement: source('./testing/index.ts') },
  { find: /^s3-upstream\/(express|koa|http)$/, replacement: source('./adapters/$1.ts') },
]

export default defineConfig({
  resolve: { alias },
  test: {
    ...suite('test'),
    include: ['test/**/*.test.ts', 'examples/**/*.test.ts'],
    exclude: [
      'test/browser/**',
      'test/load/**',
      'test/package/**',
      'test/postgres/**',
      'test/proxy/**',
      'test/store/**',
    ],
    testTimeout: 30_000,
    maxConcurrency: 8,
  },
})
