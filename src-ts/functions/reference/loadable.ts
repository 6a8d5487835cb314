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
 * Whether workers can load a file. They cannot if Node does not know its kind and this process has set up its loader itself, because
 * workers only have the preloads of the command line.
 */
export function isLoadable(path: string): boolean {
  const extension = extname(path)
  if (OF_NODE.has(extension)) return true
  // Not in the types of Node. It is `strip` or `transform` if Node removes TypeScript types.
  const { typescript } = process.features as { readonly typescript?: unknown }
  return (STRIPPED.has(extension) && typeof typescript === 'string') || hasPreload()
}
