import module, { type SourceMap } from 'node:module'
import { fileURLToPath } from 'node:url'
import { Map } from '../../primordials.js'
import { mapByHook } from './stack-hook.js'
import { splitShifts, unshift } from '../analyze/shifts.js'
import { PREFIX } from './stack-names.js'

/** Scripts by the URLs that frames of workers use. */
const frameNames = new Map<string, string>()

function sourceMapOf(name: string): SourceMap | undefined {
  // Other runtimes lack this function.
  return (module as { findSourceMap?: (path: string) => SourceMap | undefined }).findSourceMap?.(name)
}

/** The path of a file, as Node shows the sources of a source map. */
function bare(source: string): string {
  try {
    return source.startsWith('file:') ? fileURLToPath(source) : source
  } catch {
    return source
  }
}

/**
 * A position in a script, as a stack of this process shows it.
 * @param line Counts from 1, as `column` does.
 */
export function showPlace(name: string, line: number, column: number): string {
  const hooked = mapByHook(name, line, column)
  if (hooked !== undefined) return hooked
  const entry = sourceMapOf(name)?.findEntry(line - 1, column - 1)
  if (entry === undefined || !('originalSource' in entry) || !entry.originalSource) return `${name}:${line}:${column}`
  return `${bare(entry.originalSource)}:${entry.originalLine + 1}:${entry.originalColumn + 1}`
}

/**
 * The name of a script in the frames of a worker. It is the same as in frames of this process, unless stacks are mapped here or the name
 * is not a valid `sourceURL`.
 * @param shifts The shifts of {@linkcode writeShifts}, which only this process can read.
 * @returns undefined if there is no name for the script
 */
export function nameForWorkers(url: string, frameName: string, shifts: string): string | undefined {
  const isPlain = frameName !== '' && !/[\s'"]/.test(frameName)
  if (!url.startsWith('file:')) return isPlain ? frameName : undefined
  const isMapped = mapByHook(frameName, 1, 1) !== undefined || sourceMapOf(frameName) !== undefined
  if (shifts === '' && isPlain && !isMapped) return frameName
  const safe = url.replaceAll("'", '%27')
  frameNames.set(safe, frameName)
  return PREFIX + shifts + safe
}

const MARKED = /^(\s+at .*?)millrace:(?:@(\d+),(\d+):)?(\S+):(\d+):(\d+)/gm

/** The stack of a worker, mapped to the locations that this process shows. */
export function showStack(stack: string): string {
  if (!stack.includes(PREFIX)) return stack
  return stack.replaceAll(
    MARKED,
    (frame: string, before: string, line: string | undefined, column: string, name: string, at: string, on: string) => {
      const [shifts, url] = splitShifts(name)
      const frameName = frameNames.get(url) ?? url
      const show = (l: number, c: number): string => before + showPlace(frameName, l, unshift(shifts, l, c))
      if (line === undefined) return url.startsWith('file:') ? show(+at, +on) : frame
      return show(+at - 1 + +line, +on + (at === '2' ? +column : 0))
    }
  )
}
