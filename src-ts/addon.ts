/**
 * Looks whether the native addon can be loaded, before the loader does that `index.js` is: what the loader says of a failure is a guess
 * about npm.
 */
import { createRequire } from 'node:module'
import { Error, Object, process } from './primordials.js'

const require = createRequire(import.meta.url)

function codeOf(error: unknown): unknown {
  return (error as { readonly code?: unknown } | null)?.code
}

/** What the loader tries on this system, in its order. */
function candidates(): readonly string[] {
  const { platform, arch } = process
  const endings = platform === 'linux' ? ['-gnu', '-musl'] : platform === 'win32' ? ['-msvc', '-gnu'] : ['']
  const names = endings.map((ending) => `${platform}-${arch}${ending}`)
  return [...names.map((name) => `../millrace.${name}.node`), ...names.map((name) => `@millrace/binding-${name}`)]
}

function explain(causes: readonly unknown[]): string {
  if (causes.some((cause) => codeOf(cause) === 'ERR_DLOPEN_DISABLED')) {
    return 'Node.js may not load native addons in this process, and millrace is one: start node with --allow-addons (under --permission), and without --no-addons'
  }
  const broken = causes.find((cause) => codeOf(cause) !== 'MODULE_NOT_FOUND')
  if (broken !== undefined) return `the native addon of millrace cannot be loaded: ${(broken as Error).message}`
  const system = `${process.platform}-${process.arch}`
  return `millrace has no native addon for this system (${system}): build it with "npm run build", or install a package of millrace that was built for it`
}

/** @throws Error where no addon can be loaded; its `cause` is what Node said. */
function check(): void {
  const { NAPI_RS_NATIVE_LIBRARY_PATH: path, NAPI_RS_FORCE_WASI: wasi } = process.env
  const causes: unknown[] = []
  for (const candidate of path !== undefined ? [path] : wasi !== undefined ? [] : candidates()) {
    try {
      require(candidate)
      return
    } catch (error) {
      causes.push(error)
    }
  }
  if (causes.length === 0) return
  const cause = causes.find((each) => codeOf(each) !== 'MODULE_NOT_FOUND') ?? causes[0]
  const error = new Error(explain(causes), { cause })
  throw Object.assign(error, { code: codeOf(cause) })
}

check()
