import { isBuiltin, createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { constants, Script } from 'node:vm'
import { Map, String, URL, process, rejection } from '../../primordials.js'
import { resolveAs } from '../reference/node-loader.js'
import { absoluteSpecifier, unresolvable } from '../reference/specifiers.js'

type Importer = (specifier: string, options?: ImportCallOptions) => Promise<unknown>

const importers = new Map<string, Importer>()

/** Suppresses the warning about an experimental feature. */
function quietly<T>(act: () => T): T {
  const { emitWarning } = process
  process.emitWarning = () => undefined
  try {
    return act()
  } finally {
    process.emitWarning = emitWarning
  }
}

function makeImporter(filename: string): Importer {
  const importModuleDynamically = constants.USE_MAIN_CONTEXT_DEFAULT_LOADER
  const code = '(specifier, options) => import(specifier, options)'
  return new Script(code, { filename, importModuleDynamically }).runInThisContext() as Importer
}

/** Imports a module as the module at `base` would. */
export function importFrom(
  base: string,
  specifier: string,
  called: string,
  options?: ImportCallOptions
): Promise<unknown> {
  const absolute = absoluteSpecifier(specifier)
  if (absolute !== undefined) return import(absolute, options)
  if (base === '') return rejection(unresolvable(called, specifier))
  let importer = importers.get(base)
  if (importer === undefined) {
    importer = makeImporter(base)
    importers.set(base, importer)
  }
  const found = importer
  return quietly(() => found(specifier, options))
}

function resolveFrom(base: string, specifier: string): string {
  const resolved = resolveAs(base, specifier)
  if (resolved !== undefined) return resolved
  if (isBuiltin(specifier)) return specifier.startsWith('node:') ? specifier : `node:${specifier}`
  if (/^(\.{0,2}\/|[a-z][\w+.-]+:)/i.test(specifier)) return new URL(specifier, base).href
  return pathToFileURL(createRequire(base).resolve(specifier)).href
}

/** A replacement for the `import.meta` of the module at `base`. */
export function metaOf(base: string): object {
  const filename = base.startsWith('file:') ? fileURLToPath(base) : undefined
  return {
    __proto__: null,
    ...(filename === undefined ? {} : { dirname: dirname(filename), filename }),
    // The module is not the main program of a worker.
    ...('main' in import.meta ? { main: false } : {}),
    resolve: (specifier: unknown) => resolveFrom(base, String(specifier)),
    url: base
  }
}
