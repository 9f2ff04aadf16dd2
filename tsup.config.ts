import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { defineConfig } from 'tsup'

// tsup sets `baseUrl`, which is deprecated in TypeScript 6.
const compilerOptions = { ignoreDeprecations: '6.0' }

// Not the `clean` option of tsup: both builds write to dist at once, so one would delete the output of the other.
rmSync('dist', { recursive: true, force: true })

/** What tsup makes of `import('file-type')` where CommonJS entries share chunks. */
const REQUIRED = 'Promise.resolve().then(() => _interopRequireWildcard(require("file-type")))'

/** file-type is an ES module. Node can forbid to require one (`--no-experimental-require-module`). */
function keepDynamicImport(): void {
  const files = readdirSync('dist')
    .filter(name => name.endsWith('.cjs'))
    .map(name => ({ path: `dist/${name}`, code: readFileSync(`dist/${name}`, 'utf8') }))
    .filter(({ code }) => code.includes('file-type'))
  for (const { path, code } of files) {
    const kept = code.replaceAll(REQUIRED, 'import("file-type")')
    if (/require\("file-type"\)/.test(kept))
      throw new Error(`${path} requires file-type, which is an ES module.`)
    writeFileSync(path, kept)
  }
}

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
    onSuccess: async () => keepDynamicImport(),
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
