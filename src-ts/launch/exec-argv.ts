import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

import { Set, String, URL } from '../primordials.js'

// Flags that make Node run something other than the worker's file, read that file in another way, or listen on a port that this process
// already has. A snapshot has its own main function, and `--entry-url` reads the path of the file as a URL.
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
/** The value of `--allow-fs-read` and `--allow-fs-write` that stands for every path. */
const EVERY_PATH = '*'

/**
 * The flags of this process that a worker inherits.
 *
 * This needs no table of flags that take a value, so it works with flags of later versions too. Node's options end at the first word
 * that is neither a flag nor a value, and Node refuses a value that begins with `-`. So every word of `execArgv` that is not a flag is
 * the value of the flag before it. (V8's flags take a value only after `=`.)
 *
 * @param execArgv `process.execArgv`: flags and values as they were typed.
 * @param base The absolute path where relative preloads and env files start, or undefined for the directory where the worker starts.
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
    // Node accepts --env_file as --env-file.
    flag = (equals < 0 ? word : word.slice(0, equals)).replaceAll('_', '-')
    if (isLeftOut(flag)) continue
    kept.push(equals < 0 ? word : word.slice(0, equals + 1) + fromBase(flag, word.slice(equals + 1), base))
  }
  return kept
}

/**
 * The part of `NODE_OPTIONS` that a worker inherits, quoted again.
 * @param lifeline A preload that has to come before any other one. It removes itself from the variable when it runs.
 * @returns '' if nothing is left; the text itself if Node cannot parse it, so that Node says what is wrong with it
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

// A bare name that is imported is left to the worker, whose conditions decide what it means. Other names are files.
function fromBase(flag: string, value: string, base: string | undefined): string {
  if (base === undefined) return value
  if (READING.has(flag)) return value === EVERY_PATH ? value : resolve(base, value)
  if (REQUIRING.has(flag) && !value.startsWith('.')) return findPackage(value, base)
  if (!value.startsWith('./') && !value.startsWith('../')) return value
  if (REQUIRING.has(flag)) return resolve(base, value)
  // Node reads the name that it imports as a URL. `%20` is a space in it, and a query stays.
  return IMPORTING.has(flag) ? new URL(value, pathToFileURL(`${base}/`)).href : value
}

/** The file that `require(name)` means in a directory. If there is none it is the name itself, so that Node says so. */
function findPackage(name: string, base: string): string {
  try {
    return createRequire(join(base, 'noop.js')).resolve(name)
  } catch {
    return name
  }
}

// These are Node's rules: only spaces separate words, quotes may be inside a word, and a backslash escapes inside quotes only.
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
  // Node has no empty words. `""` is not a word.
  return words.filter((each) => each !== '')
}

function quote(word: string): string {
  return /[ "]/.test(word) ? `"${word.replaceAll(/["\\]/g, String.raw`\$&`)}"` : word
}
