// The columns of the table in docs/functions.md whose tools are installed for them alone: see `tools/package.json`.
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { library, moduleProgram, typedLibrary, typedProgram } from './programs.mjs'

/** What a package of the site's is for a program there. */
const bin = (folder, path) => join(folder, '../node_modules', path)
const importFrom = async (folder, name) =>
  import(pathToFileURL(createRequire(join(folder, 'main.mjs')).resolve(name)).href)
const MODULE = '{ "type": "module" }\n'

async function pack({ folder, place }, mode) {
  place('lib.mjs', library)
  const { default: webpack } = await importFrom(folder, 'webpack')
  const entry = place('main.mjs', `${moduleProgram(folder, './lib.mjs')}main()\n`)
  const output = { path: folder, filename: 'bundle.cjs' }
  const externals = { millrace: 'commonjs millrace' }
  const stats = await promisify(webpack)({ context: folder, entry, mode, target: 'node', output, externals })
  if (stats.hasErrors()) throw new Error(stats.toString())
  return { args: [join(folder, 'bundle.cjs')] }
}

/** @type {readonly import('./ways.mjs').Way[]} */
export const toolWays = [
  {
    title: '@swc-node',
    table: 'builds',
    needsTools: true,
    prepare({ folder, place }) {
      place('lib.mts', typedLibrary)
      place('tsconfig.json', '{ "compilerOptions": { "module": "nodenext", "target": "es2022" } }\n')
      const main = place('main.mts', `${typedProgram(folder, './lib.mts')}await main()\n`)
      return { args: ['--import', pathToFileURL(bin(folder, '@swc-node/register/esm/esm-register.mjs')).href, main] }
    }
  },
  {
    title: '@swc-node, CommonJS',
    table: 'builds',
    needsTools: true,
    prepare({ folder, place }) {
      place('lib.ts', typedLibrary)
      place(
        'tsconfig.json',
        '{ "compilerOptions": { "module": "commonjs", "target": "es2022", "esModuleInterop": true } }\n'
      )
      const main = place('main.ts', `${typedProgram(folder, './lib')}main()\n`)
      return { args: ['--require', bin(folder, '@swc-node/register/index.js'), main] }
    }
  },
  {
    title: 'webpack bundle',
    table: 'builds',
    needsTools: true,
    isMinified: true,
    prepare: (place) => pack(place, 'production')
  },
  // Each module is a text that is evaluated.
  {
    title: 'webpack, for development',
    table: 'builds',
    needsTools: true,
    prepare: (place) => pack(place, 'development')
  },
  {
    title: '`vite build --ssr`',
    table: 'builds',
    needsTools: true,
    async prepare({ folder, place }) {
      place('package.json', MODULE)
      place('lib.ts', typedLibrary)
      place('main.ts', `${typedProgram(folder, './lib.ts')}await main()\n`)
      const { build } = await importFrom(folder, 'vite')
      await build({ root: folder, configFile: false, logLevel: 'error', build: { ssr: 'main.ts', outDir: 'out' } })
      return { args: [join(folder, 'out/main.js')] }
    }
  },
  {
    title: 'Vite, `ssrLoadModule`',
    table: 'tests',
    needsTools: true,
    prepare({ folder, place }) {
      place('package.json', MODULE)
      place('lib.ts', typedLibrary)
      place('main.ts', `${typedProgram(folder, './lib.ts')}export { main }\n`)
      const start = `import { createServer } from 'vite'
const server = await createServer({ root: import.meta.dirname ?? '.', configFile: false, server: { middlewareMode: true, ws: false, hmr: false, watch: null }, appType: 'custom' })
const { main } = await server.ssrLoadModule('/main.ts')
await main()
await server.close()
`
      return { args: [place('start.mjs', start)] }
    }
  },
  {
    title: 'Vitest',
    table: 'tests',
    needsTools: true,
    prepare({ folder, place }) {
      place('package.json', MODULE)
      place('lib.ts', typedLibrary)
      const more = `\nimport { expect, test } from 'vitest'`
      place(
        'main.test.ts',
        `${typedProgram(folder, './lib.ts', more)}test('functions', async () => { await main(); expect(1).toBe(1) }, 60_000)\n`
      )
      return { args: [bin(folder, 'vitest/vitest.mjs'), 'run', '--root', folder, '--reporter', 'verbose'] }
    }
  },
  {
    title: 'Jest, with coverage',
    table: 'tests',
    needsTools: true,
    prepare({ folder, place }) {
      place('package.json', '{}\n')
      const config = {
        rootDir: folder,
        collectCoverage: true,
        coverageReporters: ['json'],
        transform: {
          '\\.m?js$': ['babel-jest', { presets: [['@babel/preset-env', { targets: { node: 'current' } }]] }]
        },
        testMatch: ['**/*.test.js']
      }
      place('jest.config.json', JSON.stringify(config))
      place('lib.js', library)
      place('main.test.js', `${moduleProgram(folder, './lib.js')}test('functions', main, 60_000)\n`)
      return { args: [bin(folder, 'jest/bin/jest.js'), '--no-cache', '--config', join(folder, 'jest.config.json')] }
    }
  },
  {
    title: 'Jest, ES modules',
    table: 'tests',
    needsTools: true,
    prepare({ folder, place }) {
      place('package.json', MODULE)
      place('jest.config.json', JSON.stringify({ rootDir: folder, transform: {}, testMatch: ['**/*.test.js'] }))
      place('lib.js', library)
      place('main.test.js', `${moduleProgram(folder, './lib.js')}test('functions', main, 60_000)\n`)
      const jest = [bin(folder, 'jest/bin/jest.js'), '--no-cache', '--config', join(folder, 'jest.config.json')]
      return { args: ['--experimental-vm-modules', ...jest] }
    }
  }
]
