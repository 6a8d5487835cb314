import { invalidOption } from '../errors/index.js'
import type { PoolSettings } from '../options/index.js'
import { Math, Object, cwd, process } from '../primordials.js'
import { workerEnvironment } from './environment.js'
import { workerExecArgv } from './exec-argv.js'

const COVERAGE = 'NODE_V8_COVERAGE'
const MEBIBYTE = 1024 * 1024

/** How a worker process is started. */
export interface Launch {
  readonly program: string
  /** The arguments. The first is the name of the program. */
  readonly args: readonly string[]
  /** `NAME=value` each. */
  readonly env: readonly string[]
  /** An absolute path, or undefined for the directory of this process at each start. */
  readonly cwd: string | undefined
  /** Whether the worker's output is discarded. */
  readonly quiet: boolean
}

/** The absolute paths of the files of this package that a worker starts from. */
export interface LaunchFiles {
  readonly lifeline: string
  readonly worker: string
  readonly addon: string
}

/** What a worker inherits. */
export interface InheritedLaunch {
  readonly execPath: string
  readonly execArgv: readonly string[]
  readonly env: NodeJS.ProcessEnv
  /** undefined if the directory was deleted. */
  readonly cwd: string | undefined
  /** The directory where relative paths of the command line start. */
  readonly base: string | undefined
  /** What runs this program where it is no `node`: its executable runs no worker. */
  readonly otherHost?: 'a single-executable app' | 'Bun' | 'Deno' | undefined
}

/**
 * Describes how a worker is started. Settings of the user are used unchanged. Inherited settings are filtered for workers.
 * @param inherited The current settings of this process.
 * @throws TypeError, `ERR_POOL_INVALID_OPTION`, without `execPath` in a single-executable app, in Bun or in Deno
 */
export function describeLaunch(
  settings: Pick<PoolSettings, 'env' | 'cwd' | 'execArgv' | 'execPath' | 'stdio'> &
    Partial<Pick<PoolSettings, 'maxHeap'>>,
  files: LaunchFiles,
  inherited: InheritedLaunch = ofThisProcess()
): Launch {
  // The binary would start the app again and again, and never a worker.
  if (settings.execPath === undefined && inherited.otherHost !== undefined) {
    throw invalidOption('type', 'execPath', undefined, `the path of a Node.js binary (in ${inherited.otherHost})`)
  }
  const program = settings.execPath ?? inherited.execPath
  const directory = settings.cwd ?? inherited.cwd
  const base = directory === inherited.base ? undefined : inherited.base
  const execArgv = settings.execArgv ?? workerExecArgv(inherited.execArgv, base)
  return {
    program,
    // The lifeline comes before any other preload of the command line, so that a preload that hangs does not outlive the parent.
    args: [
      program,
      '--require',
      files.lifeline,
      ...execArgv,
      ...heapOptions(settings.maxHeap),
      files.worker,
      files.addon
    ],
    env:
      settings.env === undefined
        ? workerEnvironment(inherited.env, base, files.lifeline)
        : workerEnvironment(withCoverage(settings.env, inherited.env), undefined, files.lifeline),
    cwd: directory,
    quiet: settings.stdio === 'ignore'
  }
}

/** As with Node's own child processes, an environment that the user gives does not turn coverage off. */
function withCoverage(
  env: Readonly<Record<string, string>>,
  inherited: NodeJS.ProcessEnv
): Readonly<Record<string, string>> {
  // Node has made it an absolute path.
  const folder = inherited[COVERAGE]
  return folder === undefined || Object.hasOwn(env, COVERAGE) ? env : { ...env, [COVERAGE]: folder }
}

// Node uses the last flag of a kind, and prefers the command line to NODE_OPTIONS.
function heapOptions(maxHeap: number | undefined): string[] {
  return maxHeap === undefined ? [] : [`--max-old-space-size=${Math.floor(maxHeap / MEBIBYTE)}`]
}

/** The directory where the program was started, or the directory when this library was loaded. */
const LOADED_IN = workingDirectory()

function hostOfThisProcess(): InheritedLaunch['otherHost'] {
  const { bun, deno }: NodeJS.Dict<string> = process.versions
  if (bun !== undefined) return 'Bun'
  if (deno !== undefined) return 'Deno'
  const sea = process.getBuiltinModule('node:sea') as typeof import('node:sea') | undefined
  return sea?.isSea() === true ? 'a single-executable app' : undefined
}

function ofThisProcess(): InheritedLaunch {
  const { execPath, env } = process
  const otherHost = hostOfThisProcess()
  return {
    execPath,
    // Those of another runtime are none of Node's.
    execArgv: withSourceMaps(otherHost === 'Bun' || otherHost === 'Deno' ? [] : process.execArgv),
    env,
    cwd: workingDirectory(),
    base: LOADED_IN,
    otherHost
  }
}

/** A program can turn source maps on without a flag. Its workers read the same files then. */
function withSourceMaps(execArgv: readonly string[]): readonly string[] {
  const { sourceMapsEnabled } = process as { readonly sourceMapsEnabled?: boolean }
  const flag = '--enable-source-maps'
  return sourceMapsEnabled === true && !execArgv.includes(flag) ? [flag, ...execArgv] : execArgv
}

function workingDirectory(): string | undefined {
  try {
    return cwd()
  } catch {
    return undefined
  }
}
