// The libraries that end who loads them, built by the C compiler when they are first asked for.
import { spawnSync } from 'node:child_process'
import { mkdirSync, renameSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const source = fileURLToPath(new URL('native.c', import.meta.url))
const folder = fileURLToPath(new URL('../../target/matrix', import.meta.url))

/** What a library can be built to do. */
const flags = { segfault: '-DSEGFAULT', abort: '-DABORT', exit0: '-DEXIT_CODE=0', exit1: '-DEXIT_CODE=1' }
/** Windows has no signal that `abort` could raise. */
const builtOn = (system) => Object.keys(flags).filter((fault) => system !== 'win32' || fault !== 'abort')

/** The library's path; it is there once {@linkcode buildNative} has run. */
export function nativePath(fault, inFolder = folder) {
  return `${inFolder}/${fault}.so`
}

function isCurrent(path) {
  const built = statSync(path, { throwIfNoEntry: false })
  return built !== undefined && built.mtimeMs >= statSync(source).mtimeMs
}

/**
 * Builds what is missing or older than its source.
 * @param {{ compiler?: readonly string[], to?: string, system?: string }} [options] another compiler, for another system
 */
export function buildNative({ compiler, to = folder, system = process.platform } = {}) {
  const [program, ...options] = compiler ?? (system === 'win32' ? ['clang'] : ['cc', '-fPIC'])
  mkdirSync(to, { recursive: true })
  for (const fault of builtOn(system)) {
    const path = nativePath(fault, to)
    if (isCurrent(path)) continue
    // Another run may build the same at the same time: the name is given to what is whole.
    const own = `${to}/${fault}.${process.pid}`
    const args = [...options, '-shared', '-O1', flags[fault], '-o', own, source]
    const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' })
    if (status !== 0) throw new Error(`${program} failed: ${error?.message ?? stderr}`)
    renameSync(own, path)
  }
}
