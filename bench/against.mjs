// A build of another commit, in a cache folder named after the commit.
import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

function run(program, args, cwd, env = process.env) {
  const { status, error, stdout, stderr } = spawnSync(program, args, { cwd, env, maxBuffer: 1 << 28 })
  if (status !== 0) throw new Error(`${program} ${args[0]}: ${error?.message ?? stderr}`)
  return stdout
}

/** Gives a build the packages of this clone where both want the same ones; else `npm install` does it as in any clone. */
function linkPackages(folder) {
  const [theirs, ours] = [folder, root].map((each) => readFileSync(join(each, 'package-lock.json'), 'utf8'))
  if (theirs !== ours) return
  mkdirSync(join(folder, 'node_modules'))
  for (const name of readdirSync(join(root, 'node_modules'))) {
    // The cache says what was built here.
    if (name !== '.cache') symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name))
  }
}

/**
 * @param {string} ref a commit, branch or tag; or the folder of a clone that is built
 * @param {(text: string) => void} say
 * @returns {string} the root of its build
 */
export function buildOf(ref, say) {
  if (existsSync(join(ref, 'dist/index.js'))) return resolve(ref)
  const commit = String(run('git', ['rev-parse', '--verify', `${ref}^{commit}`], root)).trim()
  const cache = join(root, '.cache/bench')
  const folder = join(cache, commit)
  if (existsSync(join(folder, '.built'))) return folder
  say(`building ${ref} (${commit.slice(0, 8)}); the first time takes a minute or two\n`)
  rmSync(folder, { recursive: true, force: true })
  const own = join(cache, `${commit}.${process.pid}`)
  mkdirSync(own, { recursive: true })
  const archive = `${own}.tar`
  run('git', ['archive', '--output', archive, commit], root)
  run('tar', ['-xmf', archive, '-C', own], root)
  rmSync(archive)
  // The loader of the addon is found by its path, so the folder has its name before it is built.
  renameSync(own, folder)
  linkPackages(folder)
  run(process.execPath, ['scripts/setup.mjs'], folder, { ...process.env, CARGO_TARGET_DIR: join(cache, 'target') })
  writeFileSync(join(folder, '.built'), '')
  return folder
}
