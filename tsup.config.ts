import { rmSync } from 'node:fs'
import { defineConfig } from 'tsup'

// tsup sets `baseUrl`, which is deprecated in TypeScript 6.
const compilerOptions = { ignoreDeprecations: '6.0' }

// Not the `clean` option of tsup: both builds write to dist at once, so one would delete the output of the other.
rmSync('dist', { recursive: true, force: true })

export default defineConfig([
  {
    entry: {
      index: 'src/index.ts',
      express: 'adapters/express.ts',
      koa: 'adapters/koa.ts',
      http: 'adapters/http.ts',
      'lib-storage': 'src/storage/lib-storage.ts',
      testing: 'testing/index.ts',
    },
    format: ['esm', 'cjs'],
    target: 'node20.19',
    dts: { compilerOptions },
    // All entries share one copy of the error class, the buffer pool and the default client.
    splitting: true,
  },
  {
    entry: { client: 'client/index.ts' },
    format: ['esm', 'cjs'],
    platform: 'browser',
    target: 'es2022',
    dts: { compilerOptions: { ...compilerOptions, lib: ['es2023', 'dom', 'dom.iterable'] } },
    // A page can load this file without a bundler.
    splitting: false,
    minify: true,
  },
])
