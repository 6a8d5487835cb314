import { realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { types } from 'node:util'
import { Error, Map, Object, Promise, Set, WeakSet, clearTimeout, process, setTimeout } from '../primordials.js'
import { builtInPlace } from './built-ins.js'
import { isLoadable } from './loadable.js'
import type { Script } from './scripts.js'

const require = createRequire(import.meta.url)

/** An export, as a worker can import it. */
export interface ExportPlace {
  readonly url: string
  /** Absent for the default export. */
  readonly name: string | undefined
  /** Set for a CommonJS module: what was hooked into `require`, such as a TypeScript loader, is not in `import`. */
  readonly isRequired?: true
}

type Namespace = Readonly<Record<string, unknown>>

/** What is known of modules by their URLs: the namespace, or that their functions go by value. */
const namespaces = new Map<string, Namespace | 'by value'>()

/** A loaded module answers at once, or after a question to the thread of a loader. One that is evaluating may never. */
const PATIENCE_MS = 100

let entry: string | undefined

/** True for the program that this process was started with: a worker must not run it a second time. */
function isEntry(path: string): boolean {
  if (entry === undefined) {
    try {
      entry = realpathSync(require.resolve(process.argv[1] ?? ''))
    } catch {
      entry = process.argv[1] ?? ''
    }
  }
  return path === entry
}

/** True where the top level of the module is running, and is what led here. */
function isRunningOnStack(url: string, path: string): boolean {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 200
  const { stack } = new Error()
  Error.stackTraceLimit = stackTraceLimit
  if (typeof stack !== 'string') return false
  const places = stack.split('\n').filter((line) => line.includes(url) || line.includes(path))
  // Frames of a top level have no name.
  return places.some((line) => /^\s*at (async )?(file:|\/|Object\.<anonymous> )/.test(line))
}

function nameIn(holder: Namespace, fn: unknown): string | undefined {
  for (const name of Object.keys(holder)) {
    try {
      if (holder[name] === fn) return name
    } catch {
      // A binding that has no value yet.
    }
  }
  return undefined
}

function inCommonJs(fn: unknown, url: string, path: string): ExportPlace | undefined {
  const loaded = require.cache[path]
  if (loaded === undefined || !loaded.loaded || loaded.id === '.') return undefined
  if (isRunningOnStack(url, path)) return undefined
  const { exports } = loaded as { exports: unknown }
  if (exports === fn) return { url, name: undefined, isRequired: true }
  if ((typeof exports !== 'object' && typeof exports !== 'function') || exports === null) return undefined
  const name = nameIn(exports as Namespace, fn)
  return name === undefined ? undefined : { url, name, isRequired: true }
}

/** Functions of which it is not known yet whether their modules export them. */
export class Undecided {
  readonly #functions: { readonly fn: object; readonly script: Script }[] = []

  add(fn: object, script: Script): void {
    this.#functions.push({ fn, script })
  }

  get isEmpty(): boolean {
    return this.#functions.length === 0
  }

  /** Finds out what the modules export, all of which are loaded. Never fails, and waits for no module that is evaluating. */
  async decide(): Promise<void> {
    const urls = new Set(this.#functions.map(({ script }) => script.url).filter((url) => !namespaces.has(url)))
    await Promise.all([...urls].map(loadNamespace))
  }

  /** True where one of them turned out to be an export. */
  get hasExports(): boolean {
    return this.#functions.some(({ fn, script }) => exportOf(fn, script, this) !== undefined)
  }
}

/**
 * The export that a function is; undefined where it is none.
 * @param undecided Takes in a function of a module whose namespace is not known yet.
 */
export function exportOf(fn: object, script: Script, undecided: Undecided): ExportPlace | undefined {
  const { url, isModule, hasExports } = script
  if (!url.startsWith('file:') || !hasExports) return undefined
  const path = fileURLToPath(url)
  if (!isLoadable(path)) return undefined
  if (!isModule) return isEntry(path) ? undefined : inCommonJs(fn, url, path)
  const known = namespaces.get(url)
  if (known === 'by value') return undefined
  if (known === undefined) {
    if (isEntry(path) || isRunningOnStack(url, path)) namespaces.set(url, 'by value')
    else undecided.add(fn, script)
    return undefined
  }
  const name = nameIn(known, fn)
  return name === undefined ? undefined : { url, name: name === 'default' ? undefined : name }
}

async function loadNamespace(url: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<'by value'>((resolve) => {
    timer = setTimeout(() => resolve('by value'), PATIENCE_MS)
  })
  try {
    namespaces.set(url, await Promise.race([import(url) as Promise<Namespace>, late]))
  } catch {
    namespaces.set(url, 'by value')
  } finally {
    clearTimeout(timer)
  }
}

/** The file of a CommonJS module by its `module.exports`. */
export function commonJsOf(exports: object): string | undefined {
  if (builtInPlace(exports) !== undefined) return undefined
  for (const [path, loaded] of Object.entries(require.cache)) {
    if (loaded?.exports === exports && loaded.loaded && loaded.id !== '.' && Object.keys(exports).length > 0)
      return path
  }
  return undefined
}

let exported = new WeakSet<object>()
let counted = 0

/** True for a function that a loaded CommonJS module exports. */
export function isCommonJsExport(fn: object): boolean {
  const modules = Object.values(require.cache)
  if (modules.length === counted) return exported.has(fn)
  exported = new WeakSet()
  for (const loaded of modules) {
    const exports: unknown = loaded?.exports
    if (typeof exports === 'function') exported.add(exports)
    if ((typeof exports !== 'object' && typeof exports !== 'function') || exports === null || types.isProxy(exports))
      continue
    for (const { value } of Object.values(Object.getOwnPropertyDescriptors(exports))) {
      if (typeof value === 'function') exported.add(value)
    }
  }
  // One that is still evaluating may have more to export.
  counted = modules.every((loaded) => loaded?.loaded === true) ? modules.length : 0
  return exported.has(fn)
}

/** True for what a CommonJS module sees as `module`. */
export function isCommonJsModule(value: object): boolean {
  const filename: unknown = Object.getOwnPropertyDescriptor(value, 'filename')?.value
  return typeof filename === 'string' && require.cache[filename] === value
}
