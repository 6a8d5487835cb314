// `npm run build:all`: the addon of every system that has a package, each in its folder under npm/. What is current is not built again.
// `-- --target darwin-arm64` builds that one (repeatable, or `all`), `-- --check` only compiles, without linking.
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { parseArgs } from 'node:util'
import { fingerprint } from '../fingerprint.mjs'
import { root } from '../setup.mjs'
import { problemsOf, readLibrary } from './macho.mjs'
import { symbolsOfOldestMacos } from './oldest-macos.mjs'
import { problemsOfDll } from './pe.mjs'
import { binaryName, chosenTargets, manifest, packageFolder } from './targets.mjs'
import { need, run, tools } from './toolchain.mjs'

/** The largest binary that a package may have, in bytes. */
const bytesMax = ({ os }) => (os === 'linux' ? 1_500_000 : 2_500_000)

const { values } = parseArgs({
  options: {
    target: { type: 'string', multiple: true, default: [] },
    check: { type: 'boolean', default: false }
  }
})

const stamps = join(root, 'node_modules/.cache/millrace')
const targetDirectory = join(root, 'target/cross')
const rustc = run('rustc', ['--version']).trim()
const sysroot = run('rustc', ['--print', 'sysroot']).trim()

/** Whether rustup has the standard library of it; else it is compiled from its source. */
const isInstalled = (rust) => existsSync(join(sysroot, 'lib/rustlib', rust, 'lib'))

/**
 * How cargo is called for a target.
 * @param {import('./targets.mjs').Target} target
 */
function plan(target, isCheck) {
  const isOwnSystem = target.os === process.platform && target.os !== 'linux'
  // What is not linked needs no stand-in.
  const rust = isOwnSystem || isCheck ? target.rust : (target.standIn ?? target.rust)
  const hasStd = isInstalled(rust)
  const parts = [...(isOwnSystem || isCheck ? [] : ['zig']), ...(hasStd ? [] : ['std'])]
  const env = { CARGO_TERM_COLOR: 'never', CARGO_TARGET_DIR: targetDirectory }
  const path = []
  if (!hasStd) {
    env.RUSTC_BOOTSTRAP = '1'
    path.push(join(tools, 'toolchain/bin'))
  }
  if (parts.includes('zig')) path.push(join(tools, 'venv/bin'))
  env.PATH = [...path, process.env.PATH].join(delimiter)
  if (target.libc === 'musl') env.RUSTFLAGS = '-C target-feature=-crt-static -C link-self-contained=no'
  if (target.os === 'win32' && !isOwnSystem) env.LIBNODE_PATH = join(tools, 'libnode')
  // Else it needs the library of Microsoft's compiler, which not every Windows has.
  if (target.os === 'win32' && isOwnSystem) env.RUSTFLAGS = '-C target-feature=+crt-static'
  if (target.os === 'darwin') env.MACOSX_DEPLOYMENT_TARGET = '11.0'
  const verb = isCheck ? 'check' : parts.includes('zig') ? 'zigbuild' : 'build'
  const triple = target.oldest !== undefined && verb === 'zigbuild' ? `${rust}.${target.oldest}` : rust
  const std = hasStd ? [] : ['-Z', 'build-std=std,panic_unwind,panic_abort']
  const profile = isCheck ? [] : ['--release']
  const args = [verb, '--locked', '--quiet', '--package', 'millrace-node', ...profile, ...std, '--target', triple]
  return { rust, parts, env, args }
}

function build(target) {
  const { rust, parts, env, args } = plan(target, false)
  const folder = packageFolder(target)
  const binary = join(folder, binaryName(target))
  const stamp = join(stamps, `build-${target.npm}.stamp`)
  const inputs = ['Cargo.toml', 'Cargo.lock', 'crates', 'scripts/cross/toolchain.sh']
  const also = [rustc, ...args, env.RUSTFLAGS ?? '']
  // Of the sources as they are now: they may change while they are compiled.
  const sources = fingerprint(root, inputs, also)
  const state = () => `${sources} ${fingerprint(folder, [binaryName(target)])}`
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === state()) return { binary, isNew: false }
  if (parts.length > 0) need(...parts)
  run('cargo', args, { env: { ...process.env, ...env } })
  const [prefix, ending] = { linux: ['lib', 'so'], darwin: ['lib', 'dylib'], win32: ['', 'dll'] }[target.os]
  mkdirSync(folder, { recursive: true })
  rmSync(binary, { force: true })
  copyFileSync(join(targetDirectory, rust, 'release', `${prefix}millrace_node.${ending}`), binary)
  mkdirSync(stamps, { recursive: true })
  writeFileSync(stamp, state())
  return { binary, isNew: true }
}

function check(target) {
  const { parts, env, args } = plan(target, true)
  if (parts.length > 0) need(...parts)
  // Not `-D warnings` in the flags: the standard library would be compiled again.
  const warnings = run('cargo', args, { env: { ...process.env, ...env }, stdio: ['ignore', 'inherit', 'pipe'] }, true)
  if (/^warning/m.test(warnings)) throw new Error(`${target.rust} compiles with warnings:\n${warnings}`)
}

/** The manifests, as the command line of napi writes them. */
function describePackages() {
  run(process.execPath, [join(root, 'node_modules/@napi-rs/cli/dist/cli.js'), 'create-npm-dirs'])
}

/** Keeps what came out for `npm run platforms`. */
function note(kind, target, what) {
  const path = join(root, 'npm', `${kind}.json`)
  const known = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {}
  mkdirSync(join(root, 'npm'), { recursive: true })
  writeFileSync(path, `${JSON.stringify({ ...known, [target.npm]: what }, undefined, 2)}\n`)
}

/** What is wrong with a binary, as far as its file tells. */
function problemsIn(binary, { os, cpu }) {
  if (os === 'win32') return problemsOfDll(readFileSync(binary))
  if (os !== 'darwin') return []
  // On macOS itself the linker knows what the oldest one has.
  const symbols = process.platform === 'darwin' ? undefined : symbolsOfOldestMacos(cpu)
  return problemsOf(readLibrary(readFileSync(binary)), cpu, symbols)
}

/** A failure is what it says: where in this program it was noticed helps nobody. */
process.on('uncaughtException', ({ message }) => {
  console.error(message)
  process.exitCode = 1
})

const begun = performance.now()
const seconds = () => `${((performance.now() - begun) / 1000).toFixed(1)} s`
if (!values.check) describePackages()
for (const target of chosenTargets(values.target)) {
  if (values.check) {
    check(target)
    note('checked', target, true)
    console.log(`${target.rust}: compiles (${seconds()})`)
    continue
  }
  const { binary, isNew } = build(target)
  const { size } = statSync(binary)
  note('built', target, size)
  console.log(`${target.rust}: ${size} bytes, ${isNew ? 'built' : 'current'} (${seconds()})`)
  const problems = problemsIn(binary, target)
  if (size > bytesMax(target)) problems.push(`it has more than ${bytesMax(target)} bytes`)
  for (const problem of problems) console.error(`${binary}: ${problem}`)
  if (problems.length > 0) process.exitCode = 1
}
console.log(`${manifest.name} ${manifest.version}`)
