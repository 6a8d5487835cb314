/**
 * Checks whether the native addon can be loaded, before the generated loader `index.js` does. Of a failure that loader only says a guess
 * about npm.
 */
import { createRequire } from 'node:module'
import { Error, Object, process } from './primordials.js'

const require = createRequire(import.meta.url)

function codeOf(error: unknown): unknown {
  return (error as { readonly code?: unknown } | null)?.code
}

/** The systems that have a package. `napi.targets` in package.json lists them too. */
const PACKAGED = [
  'linux-x64-gnu',
  'linux-arm64-gnu',
  'linux-x64-musl',
  'linux-arm64-musl',
  'darwin-x64',
  'darwin-arm64',
  'win32-x64-msvc',
  'win32-arm64-msvc'
]
const packageOf = (system: string): string => `@millrace/binding-${system}`

/** The files and packages that the loader tries on this system, in its order. */
function candidates(): readonly string[] {
  const { platform, arch } = process
  const endings = platform === 'linux' ? ['-gnu', '-musl'] : platform === 'win32' ? ['-msvc', '-gnu'] : ['']
  const names = endings.map((ending) => `${platform}-${arch}${ending}`)
  return [...names.map((name) => `../millrace.${name}.node`), ...names.map(packageOf)]
}

/** The suffix of this system's package. */
function ownSystem(): string {
  const { platform, arch, report } = process
  const system = `${platform}-${arch}`
  if (platform === 'win32') return `${system}-msvc`
  if (platform !== 'linux') return system
  // Else the report asks the network for names.
  Object.assign(report, { excludeNetwork: true })
  const { header } = report.getReport() as { readonly header?: { readonly glibcVersionRuntime?: string } }
  return `${system}-${header?.glibcVersionRuntime === undefined ? 'musl' : 'gnu'}`
}

const BUILD = 'build it in a clone of the repository: npm run build (it needs a Rust toolchain)'

function explainMissing(): string {
  const system = ownSystem()
  const others = `Packages exist for ${PACKAGED.join(', ')}`
  return PACKAGED.includes(system)
    ? `millrace has no native addon for this system (${system}): the package ${packageOf(system)} is not installed. Install millrace again on this system, with its optional dependencies (not with --omit=optional, nor from a node_modules of another system), or ${BUILD}. ${others}`
    : `millrace has no native addon for this system (${system}), and there is no package ${packageOf(system)}. ${others}. For another system, ${BUILD}`
}

function explain(causes: readonly unknown[]): string {
  if (causes.some((cause) => codeOf(cause) === 'ERR_DLOPEN_DISABLED')) {
    return 'Node.js may not load native addons in this process, and millrace is one: start node with --allow-addons (under --permission), and without --no-addons'
  }
  const broken = causes.find((cause) => codeOf(cause) !== 'MODULE_NOT_FOUND')
  if (broken !== undefined) return `the native addon of millrace cannot be loaded: ${(broken as Error).message}`
  return explainMissing()
}

/** @throws Error if no addon can be loaded; its `cause` is Node's error */
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
