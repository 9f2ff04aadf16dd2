import { rmSync } from 'node:fs'
import { defineConfig } from 'tsup'

// tsup sets `baseUrl`, which TypeScript 6 warns of.
const compilerOptions = { ignoreDeprecations: '6.0' }

// Two builds write there at the same time: tsup's own `clean` of one would take what the other has made.
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
    // One copy of the error class, the buffer pool and the default client, whichever entries a program imports.
    splitting: true,
  },
  {
    entry: { client: 'client/index.ts' },
    format: ['esm', 'cjs'],
    platform: 'browser',
    target: 'es2022',
    dts: { compilerOptions: { ...compilerOptions, lib: ['es2023', 'dom', 'dom.iterable'] } },
    // A page may load the one file as it is.
    splitting: false,
    minify: true,
  },
])
