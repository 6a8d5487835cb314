/**
 * What `import` and `require` of the package do. Both load the same file, so a program has one instance, however it loads the package. The
 * build makes `dist/index.js` and `dist/index.cjs` of this.
 */
// Not by its name: webpack replaces calls of createRequire.
import nodeModule from 'node:module'

interface Main {
  readonly [key: symbol]: object | undefined
}

// Free in a file of CommonJS, which the output of a bundler may be.
// oxlint-disable-next-line no-underscore-dangle
declare const __filename: string

function ownFilename(): string | undefined {
  try {
    // Not asked by `typeof`, which bundlers answer themselves.
    return __filename
  } catch {
    return undefined
  }
}

function requireAt(place: string | undefined): NodeJS.Require | undefined {
  if (place === undefined) return undefined
  try {
    return nodeModule.createRequire(place)
  } catch {
    // A bundler has replaced it.
    return undefined
  }
}

function find(require: NodeJS.Require, specifier: string): string | undefined {
  try {
    return require.resolve(specifier)
  } catch {
    return undefined
  }
}

/** If a bundler has copied this file elsewhere, the package is looked up among the packages that are installed there. */
function requireMain(places: readonly (string | undefined)[]): Main {
  const requires = places.map(requireAt).filter((each) => each !== undefined)
  for (const specifier of ['./millrace-main.cjs', 'millrace']) {
    for (const require of requires) {
      const path = find(require, specifier)
      if (path !== undefined) return require(path) as Main
    }
  }
  const place = places.find((each) => each !== undefined) ?? 'a file without a place'
  throw new Error(
    `millrace is part of a bundle, ${place}, and is not installed beside it. A bundle holds neither the native addon nor the program of the ` +
      `workers: name 'millrace' among the external packages of the bundler, and install it where the bundle runs`
  )
}

/** @param meta Of the ES module that this code is in. */
export function load(meta?: ImportMeta): object {
  const main = requireMain([meta?.url, ownFilename(), process.argv[1]])
  const own = main[Symbol.for('millrace.meta')]
  if (meta !== undefined && own !== undefined) {
    Object.assign(own, { resolve: meta.resolve, ...('main' in meta ? { main: false } : {}) })
  }
  return main
}
