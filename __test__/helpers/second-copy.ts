import { createRequire } from 'node:module'

import type * as Millrace from '../../dist/index.js'

const require = createRequire(import.meta.url)

/** The package once more in this process, as a program has it that empties the cache of `require`. */
export function secondCopy(): typeof Millrace {
  const path = require.resolve('../../dist/millrace-main.cjs')
  const first = require.cache[path]
  delete require.cache[path]
  try {
    return require(path) as typeof Millrace
  } finally {
    if (first === undefined) delete require.cache[path]
    else require.cache[path] = first
  }
}
