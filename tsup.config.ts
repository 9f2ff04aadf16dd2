import { defineConfig } from 'tsup'

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    express: 'adapters/express.ts',
    koa: 'adapters/koa.ts',
    http: 'adapters/http.ts',
    'lib-storage': 'src/lib-storage.ts',
    testing: 'testing/index.ts',
  },
  format: ['esm', 'cjs'],
  target: 'node20.19',
  // tsup sets `baseUrl`, which TypeScript 6 warns of.
  dts: { compilerOptions: { ignoreDeprecations: '6.0' } },
  clean: true,
  // One copy of the error class, the buffer pool and the default client, whichever entries a program imports.
  splitting: true,
})
