import { realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { isAbsolute, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { commandLine } from '../../binding.js'
import { Set, URL, process } from '../../primordials.js'

const require = createRequire(import.meta.url)

function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    // The file was moved or removed since.
    return path
  }
}

/** The file that Node runs for the word that names the program. The word may be a directory, a path without extension, or a URL. */
function pathsOf(word: string): readonly string[] {
  try {
    const path = word.startsWith('file:') ? fileURLToPath(word) : word
    // Node makes the path absolute. Any other word is an argument of a program without a file (-e, -p, stdin).
    if (!isAbsolute(path)) return []
    const found = require.resolve(path)
    return [path, found, realPath(found)]
  } catch {
    return [word, realPath(word)]
  }
}

function isTyped(): boolean {
  const { _eval: typed } = process as { readonly _eval?: unknown }
  return typeof typed === 'string'
}

/** The program by the command line that the system keeps. undefined if it keeps none, or if `process.title` has replaced it. */
function commandLineProgram(directory: string): string | undefined {
  const words = commandLine()
  const { execArgv } = process
  if (execArgv.some((word) => /^(-p?e|-p|--eval|--print|-i|--interactive)$/.test(word))) return undefined
  if (execArgv.some((word, at) => words[at + 1] !== word)) return undefined
  const [first, second] = words.slice(1 + execArgv.length)
  const word = first === '--' ? second : first
  if (word === undefined || word === '' || word.startsWith('-')) return undefined
  return word.startsWith('file:') ? word : resolve(directory, word)
}

/** The program when this library was loaded. A program may later change its `process.argv`, its directory, and the links to it. */
function programAtStart(): ReadonlySet<string> {
  if (isTyped()) return new Set()
  let directory = '/'
  try {
    directory = process.cwd()
  } catch {
    // It was removed.
  }
  // In a thread the command line names the program of the process, `process.argv` the file of the thread.
  const words = [process.argv[1], commandLineProgram(directory)]
  return new Set(words.filter((word) => word !== undefined).flatMap(pathsOf))
}

const atStart = programAtStart()

/** Tools that run a program in their own process, such as ts-node and pm2, first write its path into `process.argv`. */
function programNow(): readonly string[] {
  const word: unknown = process.argv[1]
  const main: unknown = require.main?.filename
  const words = [isTyped() ? undefined : word, main]
  return words.filter((each) => typeof each === 'string').flatMap(pathsOf)
}

/** Whether the file is the program that this process or thread was started with. A worker must not run it a second time. */
export function isEntry(path: string): boolean {
  const real = realPath(path)
  const isAmong = (paths: Iterable<string>): boolean => [...paths].some((each) => each === path || each === real)
  return isAmong(atStart) || isAmong(programNow())
}

/** The same for a path or a URL that a module at `base` imports. */
export function importsEntry(specifier: string, base: string | undefined): boolean {
  if (!/^(\.{0,2}\/|file:)/.test(specifier) || !URL.canParse(specifier, base)) return false
  const url = new URL(specifier, base)
  try {
    return url.protocol === 'file:' && isEntry(fileURLToPath(url))
  } catch {
    // The URL has a host or an encoded slash.
    return false
  }
}
