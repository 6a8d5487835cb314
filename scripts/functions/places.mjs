// Where the programs of the table run: a folder in which `millrace` is installed as a user has it, beside the tools.
import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync
} from 'node:fs'
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fingerprint } from '../fingerprint.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const cache = join(root, '.cache/functions')
const toolsSource = fileURLToPath(new URL('tools', import.meta.url))

function npm(args, cwd) {
  const { status, stderr } = spawnSync('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd,
    encoding: 'utf8'
  })
  if (status !== 0) throw new Error(`npm ${args.join(' ')} failed: ${stderr}`)
}

/**
 * The packages that the table needs and the repository does not, installed once.
 * @returns {string} the folder that holds their node_modules
 */
export function installTools() {
  const folder = join(cache, 'tools')
  const stamp = join(folder, 'stamp')
  const wanted = fingerprint(toolsSource, ['package.json', 'package-lock.json'])
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return folder
  mkdirSync(folder, { recursive: true })
  for (const name of ['package.json', 'package-lock.json']) copyFileSync(join(toolsSource, name), join(folder, name))
  // Not `npm ci`: it refuses a lock file made where the registry lacked packages for other platforms.
  npm(['install', '--ignore-scripts'], folder)
  writeFileSync(stamp, wanted)
  return folder
}

/**
 * Another version of Node, installed once.
 * @param {string} major
 * @returns {string} its executable
 */
export function installNode(major) {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  const folder = join(cache, `node-${major}`)
  const program = join(folder, 'node_modules', name, process.platform === 'win32' ? 'bin/node.exe' : 'bin/node')
  if (!existsSync(program)) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
    npm(['install', '--no-save', '--no-package-lock', `${name}@${major}`], folder)
  }
  return program
}

function linkAll(from, to) {
  for (const name of readdirSync(from)) {
    if (name.startsWith('.')) continue
    if (name.startsWith('@')) linkAll(join(from, name), join(to, name))
    else if (!existsSync(join(to, name))) {
      mkdirSync(to, { recursive: true })
      symlinkSync(join(from, name), join(to, name))
    }
  }
}

/**
 * A folder for programs, removed by `remove`.
 * @param {string} [tools] what {@linkcode installTools} gave
 */
export function makeSite(tools) {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-ways-'))
  const modules = join(folder, 'node_modules')
  const installed = join(modules, 'millrace')
  mkdirSync(installed, { recursive: true })
  const { files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const addons = readdirSync(root).filter((name) => name.endsWith('.node'))
  for (const name of ['package.json', ...files, ...addons])
    cpSync(join(root, name), join(installed, name), { recursive: true })
  if (tools !== undefined) linkAll(join(tools, 'node_modules'), modules)
  linkAll(join(root, 'node_modules'), modules)
  let count = 0
  return {
    folder,
    /** A folder of its own for one way of running. */
    makeFolder() {
      const made = join(folder, `way-${++count}`)
      mkdirSync(made)
      return {
        folder: made,
        /** Writes a file, and gives its path. */
        place(/** @type {string} */ name, /** @type {string} */ text) {
          const path = join(made, name)
          mkdirSync(dirname(path), { recursive: true })
          writeFileSync(path, text)
          return path
        }
      }
    },
    remove: () => rmSync(folder, { recursive: true, force: true })
  }
}
