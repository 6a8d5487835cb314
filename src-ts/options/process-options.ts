import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { invalidOption, invalidOptionBecause } from '../errors/index.js'
import { Array, Object, URL } from '../primordials.js'
import type { OptionValues } from './checks.js'

// The system ends strings at this character, so the rest would be lost silently.
const NUL = '\0'

/**
 * A copy of the environment without a prototype. Values that are undefined are left out.
 * @throws TypeError or RangeError that names `env` or the variable, such as `env.NAME`
 */
export function readEnv(values: OptionValues): Readonly<Record<string, string>> | undefined {
  const env = values['env']
  if (env === undefined) return undefined
  // Checked by tag, because `process.env` has a prototype of its own, and a Map would be read as empty.
  if (typeof env !== 'object' || env === null || Object.prototype.toString.call(env) !== '[object Object]') {
    throw invalidOption('type', 'env', env, 'an object of strings')
  }
  const copy: Record<string, string> = Object.create(null) as Record<string, string>
  for (const [name, value] of Object.entries(env as Record<string, unknown>)) {
    if (value === undefined) continue
    if (name === '' || name.includes('=') || name.includes(NUL)) {
      throw invalidOptionBecause('range', 'env', name, "a name cannot be empty and cannot contain '=' or NUL")
    }
    copy[name] = checkText(value, `env.${name}`, true)
  }
  return copy
}

/**
 * The working directory as an absolute path, so that a later `process.chdir` does not move workers that start after it.
 * @throws TypeError or RangeError that names `cwd`.
 */
export function readCwd(values: OptionValues): string | undefined {
  const cwd = values['cwd']
  if (cwd === undefined) return undefined
  if (cwd instanceof URL) return resolve(checkText(pathOf(cwd), 'cwd', false))
  if (typeof cwd !== 'string') throw invalidOption('type', 'cwd', cwd, 'a path or a file: URL')
  return resolve(checkText(cwd, 'cwd', false))
}

function pathOf(url: URL): string {
  try {
    return fileURLToPath(url)
  } catch {
    throw invalidOption('range', 'cwd', url.href, 'a path or a file: URL')
  }
}

/** @throws TypeError or RangeError that names `execArgv` or the element, `execArgv[1]`. */
export function readExecArgv(values: OptionValues): readonly string[] | undefined {
  const execArgv = values['execArgv']
  if (execArgv === undefined) return undefined
  if (!Array.isArray(execArgv)) throw invalidOption('type', 'execArgv', execArgv, 'an array of strings')
  const elements: readonly unknown[] = execArgv
  // Array.from visits holes, which map would skip.
  return Array.from(elements, (value, index) => checkText(value, `execArgv[${index}]`, true))
}

/** @throws TypeError or RangeError that names `execPath`. */
export function readExecPath(values: OptionValues): string | undefined {
  const execPath = values['execPath']
  return execPath === undefined ? undefined : checkText(execPath, 'execPath', false)
}

/** @throws TypeError or RangeError that names `stdio`. */
export function readStdio(values: OptionValues): 'inherit' | 'ignore' | 'pipe' | undefined {
  const stdio = values['stdio']
  if (stdio === undefined || stdio === 'inherit' || stdio === 'ignore' || stdio === 'pipe') return stdio
  throw invalidOption(typeof stdio === 'string' ? 'range' : 'type', 'stdio', stdio, "'inherit', 'ignore' or 'pipe'")
}

function checkText(value: unknown, option: string, mayBeEmpty: boolean): string {
  const allowed = mayBeEmpty ? 'a string without NUL' : 'a non-empty string without NUL'
  if (typeof value !== 'string') throw invalidOption('type', option, value, allowed)
  if (value.includes(NUL) || (value === '' && !mayBeEmpty)) throw invalidOption('range', option, value, allowed)
  return value
}
