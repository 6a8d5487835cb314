// The libraries that end who loads them, built by the Rust compiler when they are first asked for.
import { spawnSync } from 'node:child_process'
import { mkdirSync, renameSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const source = fileURLToPath(new URL('native.rs', import.meta.url))
const folder = fileURLToPath(new URL('../../target/matrix', import.meta.url))

/** What a library can be built to do. */
export const nativeFaults = ['segfault', 'abort', 'exit0', 'exit1']

/** The library's path; it is there once {@linkcode buildNative} has run. */
export function nativePath(fault) {
  return `${folder}/${fault}.so`
}

function isCurrent(path) {
  const built = statSync(path, { throwIfNoEntry: false })
  return built !== undefined && built.mtimeMs >= statSync(source).mtimeMs
}

/** Builds what is missing or older than its source. */
export function buildNative() {
  mkdirSync(folder, { recursive: true })
  for (const fault of nativeFaults) {
    if (isCurrent(nativePath(fault))) continue
    // Another run may build the same at the same time: the name is given to what is whole.
    const own = `${folder}/${fault}.${process.pid}`
    const options = [
      '--edition=2024',
      '--crate-type=cdylib',
      '-Copt-level=1',
      '-Cpanic=abort',
      `--cfg=fault="${fault}"`
    ]
    const { status, stderr, error } = spawnSync('rustc', [...options, '-o', own, source], { encoding: 'utf8' })
    if (status !== 0) throw new Error(`rustc failed: ${error?.message ?? stderr}`)
    renameSync(own, nativePath(fault))
  }
}
