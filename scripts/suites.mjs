// Every suite of `npm test`, in the order in which they run: the quick ones first.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { brokenRules } from './rules.mjs'
import { countCargo, countCheck, countPortable, countTap } from './counts.mjs'
import { generatedFiles, root } from './setup.mjs'

const bin = (path) => join(root, 'node_modules', path)
const cargoEnv = { CARGO_TERM_COLOR: 'never' }
const targetDirectory = process.env.CARGO_TARGET_DIR || join(root, 'target')
const loomEnv = {
  RUSTFLAGS: [process.env.RUSTFLAGS, '--cfg loom'].filter(Boolean).join(' '),
  // Other flags mean other artifacts: in the common directory each build would throw away the other's.
  CARGO_TARGET_DIR: join(targetDirectory, 'loom'),
  // To optimize each test program as a whole takes longer than to run it.
  CARGO_PROFILE_RELEASE_LTO: 'off',
  CARGO_PROFILE_RELEASE_CODEGEN_UNITS: '16'
}

/**
 * @typedef {object} Suite
 * @property {string} name
 * @property {(output: string, isOk: boolean, errors: string) => import('./counts.mjs').Counts} count
 * @property {readonly string[]} [command] program and arguments, run in the repository
 * @property {Record<string, string>} [env] on top of this process's
 * @property {boolean} [isOnRequest] whether it runs only where it is named
 * @property {RegExp} [shows] what of its output is shown though it has passed
 * @property {(setup: { changed: readonly string[] }) => string} [check] what is wrong, '' where nothing is
 */

/** @type {readonly Suite[]} */
export const suites = [
  { name: 'generated', count: countCheck, check: ({ changed }) => staleFiles(changed) },
  { name: 'rules', count: countCheck, check: () => brokenRules().join('\n') },
  { name: 'rustfmt', count: countCheck, command: ['cargo', 'fmt', '--all', '--check'], env: cargoEnv },
  {
    name: 'prettier',
    count: countCheck,
    command: [
      process.execPath,
      bin('prettier/bin/prettier.cjs'),
      '--check',
      '--log-level=warn',
      '.',
      ...generatedFiles.map((name) => `!${name}`)
    ]
  },
  {
    name: 'oxlint',
    count: countCheck,
    command: [process.execPath, bin('oxlint/bin/oxlint'), '--deny-warnings'],
    env: { NO_COLOR: '1' }
  },
  {
    name: 'types',
    count: countCheck,
    command: [process.execPath, bin('typescript/bin/tsc'), '--noEmit', '-p', 'tsconfig.test.json']
  },
  // What npm would publish, as its users meet it.
  ...['publint', 'attw', 'consumers'].map((name) => ({
    name,
    count: countCheck,
    command: [process.execPath, 'scripts/package.mjs', name]
  })),
  { name: 'clippy', count: countCheck, check: checkClippy },
  { name: 'other systems', count: countCheck, check: checkOtherSystems },
  {
    name: 'cargo test',
    count: countCargo,
    command: ['cargo', 'test', '--workspace', '--locked', '--no-fail-fast'],
    env: cargoEnv
  },
  {
    name: 'loom',
    count: countCargo,
    command: ['cargo', 'test', '--release', '--locked', '--no-fail-fast', '-p', 'millrace-core', '--test', 'loom*'],
    env: { LOOM_MAX_PREEMPTIONS: '3', ...cargoEnv, ...loomEnv }
  },
  {
    name: 'portable',
    count: countPortable,
    command: [process.execPath, 'scripts/portable/run.mjs'],
    isOnRequest: true,
    shows: /^set apart: .*$|^\d+ passed.* set apart$/gm
  },
  { name: 'ava', count: countTap, command: [process.execPath, bin('ava/entrypoints/cli.mjs'), '--tap'] }
]

/** Lints what is shipped, then the tests, which see the core's internals, then what loom checks. */
function checkClippy() {
  const runs = [
    { args: ['--workspace'] },
    { args: ['--workspace', '--all-targets'] },
    { args: ['-p', 'millrace-core', '--all-targets'], env: loomEnv }
  ]
  return runs
    .map(({ args, env }) => run('cargo', ['clippy', ...args, '--locked', '--quiet', '--', '-D', 'warnings'], env))
    .map(({ status, stderr }) => (status === 0 ? '' : stderr))
    .join('')
}

/** Compiles for other systems. A standard library that rustup cannot fetch here is named, and its system is left out. */
function checkOtherSystems() {
  const libraries = run('rustc', ['--print', 'sysroot']).stdout?.trim()
  const isThere = (target) => existsSync(join(libraries ?? '', 'lib/rustlib', target, 'lib'))
  const targets = ['x86_64-pc-windows-msvc', 'aarch64-apple-darwin']
  const missing = targets.filter((target) => !isThere(target))
  if (missing.length > 0) run('rustup', ['target', 'add', ...missing])
  const found = targets.filter(isThere)
  const left = targets.filter((target) => !found.includes(target))
  if (left.length > 0) process.stdout.write(` (not compiled, since rustup cannot add it here: ${left.join(', ')})`)
  return found
    .map((target) => {
      const args = ['check', '--workspace', '--locked', '--quiet', '--target', target]
      const { status, stderr } = run('cargo', args, {
        CARGO_TARGET_DIR: join(targetDirectory, 'other-systems'),
        RUSTFLAGS: '-D warnings'
      })
      return status === 0 ? '' : `${target}:\n${stderr}`
    })
    .join('')
}

function run(program, args, env) {
  return spawnSync(program, args, { cwd: root, encoding: 'utf8', env: { ...process.env, ...cargoEnv, ...env } })
}

/**
 * In CI nothing but the build can have touched the clone, so a difference to the commit counts as well; on a desk it may
 * be work in progress.
 */
function staleFiles(changed) {
  if (changed.length > 0) return `${changed.join(' and ')} did not match the Rust sources and was rewritten: commit it`
  if (!process.env.CI) return ''
  const git = spawnSync('git', ['diff', '--exit-code', '--stat', '--', ...generatedFiles], {
    cwd: root,
    encoding: 'utf8'
  })
  return git.status === 1 ? `generated files differ from the commit:\n${git.stdout}` : ''
}
