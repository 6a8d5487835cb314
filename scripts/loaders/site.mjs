// Where the cells of the table run: folders in which `millrace` is installed from the tarballs that would be published.
import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fingerprint } from '../fingerprint.mjs'

export const root = fileURLToPath(new URL('../..', import.meta.url))
const toolsSource = fileURLToPath(new URL('tools', import.meta.url))
export const tools = join(root, '.cache/loaders')

const PATIENCE_MS = 180_000

/**
 * Runs a program and waits for it.
 * @param {readonly string[]} command
 * @param {string} cwd
 * @param {{ env?: Record<string, string>, input?: string }} [options]
 */
export function run([program, ...args], cwd, { env = {}, input = '' } = {}) {
  const inherited = { ...process.env, NODE_OPTIONS: '' }
  for (const name of Object.keys(inherited)) if (/^npm_|^NODE_TEST_CONTEXT$/.test(name)) delete inherited[name]
  const { status, signal, error, stdout, stderr } = spawnSync(program, args, {
    cwd,
    input,
    env: { ...inherited, ...env },
    encoding: 'utf8',
    timeout: PATIENCE_MS,
    maxBuffer: 1 << 26
  })
  return { isOk: status === 0, output: `${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}${signal ?? ''}`, stdout }
}

/** The same for a step that has to succeed. */
export function must(command, cwd, options) {
  const { isOk, output, stdout } = run(command, cwd, options)
  if (!isOk) throw new Error(`${command.join(' ')}\n${output}`)
  return stdout
}

/** The packages that the table needs and the repository does not, installed once. */
export function installTools() {
  const stamp = join(tools, 'stamp')
  const wanted = fingerprint(toolsSource, ['package.json', 'package-lock.json'])
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  mkdirSync(tools, { recursive: true })
  for (const name of ['package.json', 'package-lock.json']) copyFileSync(join(toolsSource, name), join(tools, name))
  must(['npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], tools)
  writeFileSync(stamp, wanted)
}

/** A program of the tools, run by this node. */
export function tool(path, ...args) {
  return [process.execPath, join(tools, 'node_modules', path), ...args]
}

/** A program of the repository. */
export function own(path, ...args) {
  return [process.execPath, join(root, 'node_modules', path), ...args]
}

function packFolder(folder, destination) {
  const before = new Set(readdirSync(destination))
  must(['npm', 'pack', '--ignore-scripts', '--silent', '--pack-destination', destination], folder)
  const name = readdirSync(destination).find((each) => !before.has(each))
  if (name === undefined) throw new Error(`npm pack made nothing in ${folder}`)
  return join(destination, name)
}

/** The tarballs: that of the package, and that of the addon for this system. */
function packAll(folder) {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const addon = readdirSync(root).find((name) => /^millrace\..*\.node$/.test(name))
  if (addon === undefined) throw new Error('there is no addon: npm run build')
  const system = addon.slice('millrace.'.length, -'.node'.length)
  const binding = `${manifest.napi.packageName}-${system}`
  const { version, license } = manifest
  const bindingFolder = join(folder, 'binding')
  mkdirSync(bindingFolder)
  copyFileSync(join(root, addon), join(bindingFolder, addon))
  const bindingManifest = { name: binding, version, license, main: addon, files: [addon] }
  writeFileSync(join(bindingFolder, 'package.json'), JSON.stringify(bindingManifest))

  const mainFolder = join(folder, 'main')
  mkdirSync(mainFolder)
  const tarball = packFolder(root, mainFolder)
  must(['tar', '-xzf', tarball, '-C', mainFolder], folder)
  rmSync(tarball)
  const published = { ...manifest, optionalDependencies: { [binding]: version } }
  writeFileSync(join(mainFolder, 'package/package.json'), JSON.stringify(published, undefined, 2))
  const tarballs = join(folder, 'tarballs')
  mkdirSync(tarballs)
  return {
    binding,
    bindingFolder,
    mainFolder: join(mainFolder, 'package'),
    main: packFolder(join(mainFolder, 'package'), tarballs),
    addon: packFolder(bindingFolder, tarballs)
  }
}

/** Packs the package; `makeProject` then gives folders that have it installed. */
export function makeSite() {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-loaders-'))
  const packed = packAll(folder)
  let count = 0

  /** A project that names the tarballs in its package.json, without anything installed. */
  function makeManifest({ name = `project-${++count}`, type = 'commonjs', more = {} } = {}) {
    const project = join(folder, name)
    mkdirSync(project, { recursive: true })
    const manifest = {
      name: 'project',
      version: '1.0.0',
      private: true,
      type,
      dependencies: { millrace: `file:${packed.main}`, [packed.binding]: `file:${packed.addon}` },
      ...more
    }
    writeFileSync(join(project, 'package.json'), JSON.stringify(manifest, undefined, 2))
    return project
  }

  /** Writes files into a project. */
  function place(project, files) {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(project, name)), { recursive: true })
      writeFileSync(join(project, name), text)
    }
    return project
  }

  /** A project with the package installed by npm, as a user has it. */
  function makeProject(options = {}) {
    const project = makeManifest(options)
    must(
      [
        'npm',
        'install',
        '--ignore-scripts',
        '--offline',
        '--no-audit',
        '--no-fund',
        '--loglevel=error',
        ...(options.flags ?? [])
      ],
      project
    )
    return place(project, options.files ?? {})
  }

  function makeFolder() {
    return mkdtempSync(join(folder, 'empty-'))
  }

  const forget = (project) => rmSync(project, { recursive: true })
  return {
    ...packed,
    folder,
    forget,
    makeFolder,
    makeManifest,
    makeProject,
    place,
    remove: () => rmSync(folder, { recursive: true, force: true })
  }
}
