import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

import { Set, String, URL } from '../primordials.js'

// What makes Node run something other than the worker's file, read that file in another way, or listen on a port that
// this process has already. A snapshot brings its own main function, `--entry-url` reads the file's path as a URL.
const LEFT_OUT: ReadonlySet<string> = new Set([
  '-',
  '--',
  '-e',
  '--eval',
  '-p',
  '--print',
  '-pe',
  '-i',
  '--interactive',
  '-c',
  '--check',
  '--run',
  '--input-type',
  '--entry-url',
  '--debug-port',
  '--snapshot-blob',
  '--prof-process',
  '--experimental-sea-config'
])
const LEFT_OUT_PREFIXES: readonly string[] = ['--test', '--watch', '--inspect', '--build-snapshot']

const REQUIRING: ReadonlySet<string> = new Set(['-r', '--require'])
const IMPORTING: ReadonlySet<string> = new Set(['--import', '--loader', '--experimental-loader'])
const READING: ReadonlySet<string> = new Set([
  '--env-file',
  '--env-file-if-exists',
  '--experimental-config-file',
  '--openssl-config',
  '--icu-data-dir',
  '--diagnostic-dir',
  '--report-dir',
  '--report-directory',
  '--cpu-prof-dir',
  '--heap-prof-dir',
  '--redirect-warnings',
  '--tls-keylog',
  '--localstorage-file',
  '--allow-fs-read',
  '--allow-fs-write'
])
/** What `--allow-fs-read` and its sibling take for every path. */
const EVERY_PATH = '*'

/**
 * The flags of this process that a worker takes over.
 *
 * Needs no table of the flags that take a value, so flags of later versions are safe too: Node ends its options at the
 * first word that is neither a flag nor a value and refuses a value that begins with `-`, so in `execArgv` every other
 * word is the value of the flag before it. (V8's own flags take a value after `=` only.)
 *
 * @param execArgv As `process.execArgv` has it: flags and values as they were typed.
 * @param base Where relative preloads and env files are meant from, an absolute path; undefined: where the worker starts.
 */
export function workerExecArgv(execArgv: readonly string[], base?: string): string[] {
  const kept: string[] = []
  let flag = '-'
  for (const word of execArgv) {
    if (!word.startsWith('-')) {
      if (!isLeftOut(flag)) kept.push(fromBase(flag, word, base))
      continue
    }
    const equals = word.startsWith('--') ? word.indexOf('=') : -1
    // Node takes --env_file for --env-file.
    flag = (equals < 0 ? word : word.slice(0, equals)).replaceAll('_', '-')
    if (isLeftOut(flag)) continue
    kept.push(equals < 0 ? word : word.slice(0, equals + 1) + fromBase(flag, word.slice(equals + 1), base))
  }
  return kept
}

/**
 * What a worker takes over of `NODE_OPTIONS`, quoted again.
 * @param lifeline A preload that has to come before any other one. It takes its own words out of the variable again.
 * @returns '' where nothing is left; the text itself where Node cannot read it, so that Node says what is wrong with it.
 */
export function workerNodeOptions(nodeOptions: string, base?: string, lifeline?: string): string {
  const words = splitNodeOptions(nodeOptions)
  if (words === undefined) return nodeOptions
  const taken = workerExecArgv(words, base).map(quote)
  // Node runs these preloads before those of the command line.
  const isPreloading = words.some((word) => REQUIRING.has(word) || word.startsWith('--require='))
  if (lifeline !== undefined && isPreloading) taken.unshift('--require', quote(lifeline))
  return taken.join(' ')
}

function isLeftOut(flag: string): boolean {
  return LEFT_OUT.has(flag) || LEFT_OUT_PREFIXES.some((prefix) => flag.startsWith(prefix))
}

// Of a bare name that is imported, only the worker knows what its conditions make of it; others are files.
function fromBase(flag: string, value: string, base: string | undefined): string {
  if (base === undefined) return value
  if (READING.has(flag)) return value === EVERY_PATH ? value : resolve(base, value)
  if (REQUIRING.has(flag) && !value.startsWith('.')) return findPackage(value, base)
  if (!value.startsWith('./') && !value.startsWith('../')) return value
  if (REQUIRING.has(flag)) return resolve(base, value)
  // Node reads what it imports as a URL: `%20` is a space there, and a query stays.
  return IMPORTING.has(flag) ? new URL(value, pathToFileURL(`${base}/`)).href : value
}

/** The file that `require(name)` means in a directory; the name where there is none, so that Node says so. */
function findPackage(name: string, base: string): string {
  try {
    return createRequire(join(base, 'noop.js')).resolve(name)
  } catch {
    return name
  }
}

// By Node's rules: only spaces separate, quotes may stand inside a word, a backslash escapes inside quotes only.
function splitNodeOptions(text: string): string[] | undefined {
  const words: string[] = []
  let word = ''
  let isQuoted = false
  for (let index = 0; index < text.length; index++) {
    const char = text.charAt(index)
    if (char === '"') {
      isQuoted = !isQuoted
    } else if (char === ' ' && !isQuoted) {
      words.push(word)
      word = ''
    } else if (char === '\\' && isQuoted) {
      index++
      if (index === text.length) return undefined
      word += text.charAt(index)
    } else {
      word += char
    }
  }
  if (isQuoted) return undefined
  words.push(word)
  // Node has no empty words either, `""` is none.
  return words.filter((each) => each !== '')
}

function quote(word: string): string {
  return /[ "]/.test(word) ? `"${word.replaceAll(/["\\]/g, String.raw`\$&`)}"` : word
}
