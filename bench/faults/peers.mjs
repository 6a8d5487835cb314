// Installs the peers into a cache folder when they are first asked for, and loads them from there.
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))
const cache = fileURLToPath(new URL('../../.cache/faults', import.meta.url))

/** The Python of the virtual environment with the peers written in it. */
export const python = join(cache, 'venv/bin/python')

function run(program, args) {
  const { status, error } = spawnSync(program, args, { cwd: cache, stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed: ${error?.message ?? `exit code ${status}`}`)
}

/** Installs what is not there, or not as the lock files say. */
export function install() {
  mkdirSync(cache, { recursive: true })
  const stamp = join(cache, 'installed')
  const wanted = ['package-lock.json', 'requirements.txt']
    .map((name) => readFileSync(join(here, name), 'utf8'))
    .join('')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  for (const name of ['package.json', 'package-lock.json', 'requirements.txt'])
    copyFileSync(join(here, name), join(cache, name))
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'])
  run('python3', ['-m', 'venv', 'venv'])
  run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', 'requirements.txt'])
  writeFileSync(stamp, wanted)
}

/** The version that is installed, '' where there is none. */
export function versionOf(name) {
  const path = join(cache, 'node_modules', name, 'package.json')
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).version : ''
}

/** The module of a peer: by its `exports`, else its main file. */
export async function load(name) {
  const folder = join(cache, 'node_modules', name)
  const { exports: map, main } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  let entry = map?.['.'] ?? map
  while (typeof entry === 'object' && entry !== null) entry = entry.import ?? entry.node ?? entry.default
  if (entry !== undefined) return import(pathToFileURL(join(folder, entry)).href)
  return createRequire(join(cache, 'any.js'))(main === undefined ? name : join(folder, main))
}
