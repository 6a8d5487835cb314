import { extname } from 'node:path'

import { Set, process } from '../../primordials.js'

const OF_NODE: ReadonlySet<string> = new Set(['', '.js', '.mjs', '.cjs', '.node', '.json', '.wasm'])
const STRIPPED: ReadonlySet<string> = new Set(['.ts', '.mts', '.cts'])
const PRELOADING = /^(-r|--require|--import|--loader|--experimental-loader)(=|$)/

function hasPreload(): boolean {
  const words = [...process.execArgv, ...(process.env['NODE_OPTIONS'] ?? '').split(/[\s"]+/)]
  return words.some((word) => PRELOADING.test(word))
}

/**
 * False for a file that workers cannot load, since Node does not know its kind and what this process loads it with was not
 * preloaded: workers preload what the command line names.
 */
export function isLoadable(path: string): boolean {
  const extension = extname(path)
  if (OF_NODE.has(extension)) return true
  // Not in the types: `strip` or `transform` where Node takes the types off.
  const { typescript } = process.features as { readonly typescript?: unknown }
  return (STRIPPED.has(extension) && typeof typescript === 'string') || hasPreload()
}
