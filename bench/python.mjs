// The virtual environments with the pools of Python that pip installs; made in a cache folder when they are first asked for.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The pools of Python, with their versions. */
export const requirements = fileURLToPath(new URL('requirements.txt', import.meta.url))
const cache = fileURLToPath(new URL('../.cache/bench', import.meta.url))

function run(program, args) {
  const { status, error, stderr } = spawnSync(program, args, { cwd: cache, encoding: 'utf8' })
  if (status !== 0)
    throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? stderr.trim().split('\n').at(-1)}`)
}

/**
 * @param {{ list?: string, folder?: string }} [options] what is installed, and the folder of the environment
 * @returns {string} the interpreter that has the pools
 * @throws {Error} where Python, its module venv, pip or the registry is missing
 */
export function findPython({ list = requirements, folder = 'venv' } = {}) {
  const stamp = join(cache, `${folder}.stamp`)
  const wanted = readFileSync(list, 'utf8')
  const python = join(cache, folder, 'bin/python')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted && existsSync(python)) return python
  mkdirSync(cache, { recursive: true })
  run('python3', ['-m', 'venv', folder])
  run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', list])
  writeFileSync(stamp, wanted)
  return python
}
