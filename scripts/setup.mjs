// Makes a clone ready to use: npm packages, the native addon, the TypeScript build. What is current is skipped, so that
// a second run costs next to nothing. Until the packages are there only node's own modules may be imported.
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fingerprint } from './fingerprint.mjs'
import { inspectToolchain } from './toolchain.mjs'

/** The repository, without a slash at the end. */
export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '')
/** What the build of the addon generates and the repository keeps. */
export const generatedFiles = ['index.js', 'index.d.ts']

const cacheDirectory = join(root, 'node_modules/.cache/millrace')

/** A failed step; its message is all a user should see. */
export class SetupError extends Error {}

function readText(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

function npm(args) {
  const script = process.env.npm_execpath
  const [command, first] = script && basename(script) === 'npm-cli.js' ? [process.execPath, [script]] : ['npm', []]
  const result = spawnSync(command, [...first, '--loglevel=error', ...args], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'pipe']
  })
  if (result.status === 0) return
  const output = `${result.stdout || ''}${result.stderr || ''}`
  if (/linker `\w+` not found/.test(output)) {
    throw new SetupError('millrace needs a C linker (cc) beside the Rust toolchain: install gcc or clang')
  }
  const how = result.error
    ? result.error.message
    : `exit code ${result.status === null ? result.signal : result.status}`
  throw new SetupError(`${output}\nmillrace: npm ${args.join(' ')} failed (${how})`)
}

/** Compares what is installed with the lock file. Packages for other platforms are optional and may be missing. */
export function arePackagesCurrent() {
  const installedText = readText(join(root, 'node_modules/.package-lock.json'))
  if (!installedText) return false
  const wanted = JSON.parse(readText(join(root, 'package-lock.json'))).packages
  const installed = JSON.parse(installedText).packages
  return Object.entries(wanted).every(([path, { version, integrity, optional }]) => {
    if (path === '') return true
    const found = installed[path]
    if (!found) return optional === true
    return found.version === version && found.integrity === integrity && existsSync(join(root, path))
  })
}

function steps(cargo) {
  const { scripts, napi } = JSON.parse(readText(join(root, 'package.json')))
  const addon = napi.binaryName
  return [
    {
      name: 'addon',
      title: 'the Rust core (the first time takes a minute or two)',
      inputs: ['Cargo.toml', 'Cargo.lock', 'crates'],
      also: [cargo, process.platform, process.arch, scripts['build:rust']],
      outputs: [...generatedFiles, ...addonFiles(addon)],
      run: () => npm(['run', 'build:rust'])
    },
    {
      name: 'typescript',
      title: 'the TypeScript API and the worker',
      inputs: [
        'src-ts',
        'tsconfig.json',
        'index.js',
        'index.d.ts',
        'scripts/bundle.mjs',
        'scripts/declarations.mjs',
        'package-lock.json'
      ],
      also: [scripts['build:ts']],
      outputs: ['dist'],
      run: () => {
        // A module that was renamed must not live on in the package.
        rmSync(join(root, 'dist'), { recursive: true, force: true })
        npm(['run', 'build:ts'])
      }
    }
  ]
}

/** The addon's name carries the C library on Linux; whichever of the two is there is the one this machine loads. */
function addonFiles(name) {
  const base = `${name}.${process.platform}-${process.arch}`
  return process.platform === 'linux' ? [`${base}-gnu.node`, `${base}-musl.node`] : [`${base}.node`]
}

/**
 * Puts an addon that was built elsewhere into its place, if there is one: beside the loader, of `npm run build:all`, or of a package.
 * @returns {boolean}
 */
function takePrebuilt() {
  const { version, napi } = JSON.parse(readText(join(root, 'package.json')))
  const names = addonFiles(napi.binaryName)
  if (names.some((name) => existsSync(join(root, name)))) return true
  for (const name of names) {
    const system = name.slice(napi.binaryName.length + 1, -'.node'.length)
    const folders = [join(root, 'npm', system), join(root, 'node_modules', `${napi.packageName}-${system}`)]
    for (const folder of folders) {
      const manifest = readText(join(folder, 'package.json'))
      if (!existsSync(join(folder, name)) || manifest === '' || JSON.parse(manifest).version !== version) continue
      // What was built for the other C library does not run here.
      const isMusl = process.report.getReport().header.glibcVersionRuntime === undefined
      if (process.platform === 'linux' && system.endsWith('-musl') !== isMusl) continue
      copyFileSync(join(folder, name), join(root, name))
      return true
    }
  }
  return false
}

function timed(title, work) {
  const start = process.hrtime.bigint()
  process.stderr.write(`setting up ${title} ... `)
  try {
    work()
  } catch (error) {
    process.stderr.write('failed\n')
    throw error
  }
  process.stderr.write(`${(Number(process.hrtime.bigint() - start) / 1e9).toFixed(1)} s\n`)
}

/**
 * Brings everything up to date.
 *
 * @returns {{ changed: string[] }} the generated files that the build found out of date and rewrote
 * @throws {SetupError} when something is missing or a build fails
 */
export function setUp() {
  const { problems, rustProblem, cargo } = inspectToolchain()
  // CI tests the binary that is published, and has Rust as well.
  const usesPrebuilt = (rustProblem !== '' || process.env.MILLRACE_PREBUILT === '1') && takePrebuilt()
  if (rustProblem !== '' && !usesPrebuilt) problems.push(rustProblem)
  if (problems.length > 0) throw new SetupError(problems.join('\n'))
  if (!arePackagesCurrent()) {
    // Not `npm ci`: it refuses a lock file made where the registry lacked packages for other platforms. This takes the
    // locked versions as well, and leaves the lock file alone.
    timed('the npm packages', () => npm(['install', '--no-save', '--include=dev', '--no-audit', '--no-fund']))
  }
  const before = generatedFiles.map((name) => readText(join(root, name)))
  for (const { name, title, inputs, also, outputs, run } of steps(cargo)) {
    if (name === 'addon' && usesPrebuilt) continue
    const stamp = join(cacheDirectory, `${name}.stamp`)
    const state = () => `${fingerprint(root, inputs, also)} ${fingerprint(root, outputs)}\n`
    if (readText(stamp) === state()) continue
    rmSync(stamp, { force: true })
    timed(title, run)
    mkdirSync(cacheDirectory, { recursive: true })
    writeFileSync(stamp, state())
  }
  return { changed: generatedFiles.filter((name, i) => readText(join(root, name)) !== before[i]) }
}

/**
 * Runs {@linkcode setUp} for a command: a failure is told in as few words as it has, and ends the process with 1.
 *
 * @param {string} [lastWord] what the command promises to end with, whatever happens
 */
export function setUpOrExit(lastWord) {
  try {
    return setUp()
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    console.error(error.message)
    if (lastWord !== undefined) console.log(lastWord)
    process.exit(1)
  }
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) setUpOrExit()
