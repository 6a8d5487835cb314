// Test runners. Each runs the program of the other cells as the body of a test.
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { testBody } from './programs.mjs'
import { own, root, run, tool } from './site.mjs'

const group = 'Test runners'
const importing = `import { WorkerPool, task } from 'millrace'\n`
const requiring = `const { WorkerPool, task } = require('millrace')\n`

function jest(site, files, flags = []) {
  const config = JSON.stringify({
    transform: {},
    testMatch: ['**/*.test.?js'],
    testEnvironment: 'node',
    moduleFileExtensions: ['js', 'mjs', 'cjs']
  })
  const project = site.makeProject({ files: { ...files, 'jest.config.json': config } })
  const [node, ...args] = tool('jest/bin/jest.js', '--config', 'jest.config.json', '--rootDir', '.')
  return run([node, ...flags, ...args], project).output
}

function vitest(site, pool) {
  const files = { 'a.test.mjs': `${importing}test('it', async () => {${testBody}}, 60_000)` }
  const project = site.makeProject({ type: 'module', files })
  return run(tool('vitest/vitest.mjs', 'run', '--globals', `--pool=${pool}`, '--root', '.'), project, {
    env: { CI: '1' }
  }).output
}

/** @type {readonly import('./cells.mjs').Cell[]} */
export const runnerCells = [
  {
    group,
    name: 'Jest',
    run: (site) => jest(site, { 'a.test.cjs': `${requiring}test('it', async () => {${testBody}}, 60_000)` })
  },
  {
    group,
    name: 'Jest, ES modules (--experimental-vm-modules)',
    run: (site) =>
      jest(site, { 'a.test.mjs': `${importing}test('it', async () => {${testBody}}, 60_000)` }, [
        '--experimental-vm-modules'
      ])
  },
  { group, name: 'Vitest, forks', run: (site) => vitest(site, 'forks') },
  { group, name: 'Vitest, threads', run: (site) => vitest(site, 'threads') },
  {
    group,
    name: 'AVA',
    run(site) {
      const files = {
        'a.test.mjs': `import test from 'ava'\n${importing}test('it', async (t) => {${testBody}\nt.pass() })`
      }
      const project = site.makeProject({ type: 'module', files })
      symlinkSync(join(root, 'node_modules/ava'), join(project, 'node_modules/ava'))
      return run(own('ava/entrypoints/cli.mjs', 'a.test.mjs'), project).output
    }
  },
  {
    group,
    name: 'node:test',
    run(site) {
      const files = { 'a.test.mjs': `import test from 'node:test'\n${importing}test('it', async () => {${testBody}})` }
      return run([process.execPath, '--test', '--test-reporter=tap', 'a.test.mjs'], site.makeProject({ files })).output
    }
  }
]
