// The libraries that end or abuse who loads them, built by the C compiler when they are first asked for.
import { spawnSync } from 'node:child_process'
import { mkdirSync, renameSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../../target/matrix', import.meta.url))

/** The libraries: the source of each, and what tells the compiler what it does. */
const libraries = {
  segfault: ['native.c', '-DSEGFAULT'],
  abort: ['native.c', '-DABORT'],
  exit0: ['native.c', '-DEXIT_CODE=0'],
  exit1: ['native.c', '-DEXIT_CODE=1'],
  'garbage-handles': ['../fixtures/garbage-handles.c'],
  'ctrl-c': ['../fixtures/console-event.c', '-DCONSOLE_EVENT=CTRL_C_EVENT'],
  'ctrl-break': ['../fixtures/console-event.c', '-DCONSOLE_EVENT=CTRL_BREAK_EVENT']
}
/** Windows has no signal that `abort` could raise, and other systems have neither handles nor consoles. */
const missing = (system) => (system === 'win32' ? ['abort'] : ['garbage-handles', 'ctrl-c', 'ctrl-break'])

/** The library's path; it is there once {@linkcode buildNative} has run. */
export function nativePath(fault, inFolder = folder) {
  return `${inFolder}/${fault}.so`
}

function isCurrent(path, source) {
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
  for (const [fault, [file, ...flags]] of Object.entries(libraries)) {
    if (missing(system).includes(fault)) continue
    const source = fileURLToPath(new URL(file, import.meta.url))
    const path = nativePath(fault, to)
    if (isCurrent(path, source)) continue
    // Another run may build the same at the same time: the name is given to what is whole.
    const own = `${to}/${fault}.${process.pid}`
    const args = [...options, '-shared', '-O1', ...flags, '-o', own, source]
    const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' })
    if (status !== 0) throw new Error(`${program} failed: ${error?.message ?? stderr}`)
    renameSync(own, path)
  }
}
