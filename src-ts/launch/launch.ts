import { isSea } from 'node:sea'
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
  /** The program's name first. */
  readonly args: readonly string[]
  /** `NAME=value` each. */
  readonly env: readonly string[]
  /** An absolute path; undefined: that of this process at each start. */
  readonly cwd: string | undefined
  /** True: the worker's output goes nowhere. */
  readonly quiet: boolean
}

/** The files of this package that a worker starts from, absolute paths. */
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
  /** Undefined: it was deleted. */
  readonly cwd: string | undefined
  /** Where relative paths of the command line are meant from. */
  readonly base: string | undefined
  readonly isSingleExecutable: boolean
}

/**
 * Describes how a worker is started: what the user gave as it is, what is inherited without what is not for workers.
 * @param inherited That of this process, as it is now.
 * @throws TypeError, `ERR_POOL_INVALID_OPTION`, in a single-executable app without `execPath`.
 */
export function describeLaunch(
  settings: Pick<PoolSettings, 'env' | 'cwd' | 'execArgv' | 'execPath' | 'stdio'> &
    Partial<Pick<PoolSettings, 'maxHeap'>>,
  files: LaunchFiles,
  inherited: InheritedLaunch = ofThisProcess()
): Launch {
  // The binary would start the app in it, again and again, never the worker.
  if (settings.execPath === undefined && inherited.isSingleExecutable) {
    throw invalidOption('type', 'execPath', undefined, 'the path of a Node.js binary (in a single-executable app)')
  }
  const program = settings.execPath ?? inherited.execPath
  const directory = settings.cwd ?? inherited.cwd
  const base = directory === inherited.base ? undefined : inherited.base
  const execArgv = settings.execArgv ?? workerExecArgv(inherited.execArgv, base)
  return {
    program,
    // The lifeline before any other preload of the command line: one that hangs must not outlive the parent.
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

/** As for Node's own children: an environment that is given does not take a process out of the coverage. */
function withCoverage(
  env: Readonly<Record<string, string>>,
  inherited: NodeJS.ProcessEnv
): Readonly<Record<string, string>> {
  // An absolute path: Node has seen to it.
  const folder = inherited[COVERAGE]
  return folder === undefined || Object.hasOwn(env, COVERAGE) ? env : { ...env, [COVERAGE]: folder }
}

// Node takes the last one of a kind, and the command line's before that of NODE_OPTIONS.
function heapOptions(maxHeap: number | undefined): string[] {
  return maxHeap === undefined ? [] : [`--max-old-space-size=${Math.floor(maxHeap / MEBIBYTE)}`]
}

/** Where the program was started, or at least where it was before it could have changed its directory much. */
const LOADED_IN = workingDirectory()

function ofThisProcess(): InheritedLaunch {
  const { execPath, env } = process
  return {
    execPath,
    execArgv: withSourceMaps(process.execArgv),
    env,
    cwd: workingDirectory(),
    base: LOADED_IN,
    isSingleExecutable: isSea()
  }
}

/** A program can turn source maps on without a flag; its workers then read the same files. */
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
