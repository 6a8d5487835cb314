import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

import type { ExecutionContext } from 'ava'

/** A script in a node process of its own. */
export interface Run {
  readonly pid: number
  /** The next line of its standard output; undefined after the last one. */
  next(): Promise<string | undefined>
  /** Sends a signal to it alone. */
  kill(signal: NodeJS.Signals): void
  /** Stops reading its output, as `head` does. */
  closeOutput(): void
  /** How it ended, and what was left of its output. */
  readonly end: Promise<RunEnd>
}

export interface RunEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly lines: readonly string[]
  readonly stderr: string
}

export interface RunOptions {
  readonly execArgv?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  readonly execPath?: string
  readonly cwd?: string
  /** Leads a process group of its own, as a command of a shell does. */
  readonly ownGroup?: boolean
}

/** Runs a fixture, `__test__/fixtures/<name>`, without what the test runner was started with. Killed when the test ends. */
export function run(t: ExecutionContext, name: string, args: readonly string[] = [], options: RunOptions = {}): Run {
  const script = fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))
  const child = spawn(options.execPath ?? process.execPath, [...(options.execArgv ?? []), script, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: options.env ?? process.env,
    detached: options.ownGroup ?? false,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd })
  })
  t.teardown(() => child.kill('SIGKILL'))
  const reader = createInterface({ input: child.stdout })
  const lines = reader[Symbol.asyncIterator]()
  const next = async (): Promise<string | undefined> => {
    const step: IteratorResult<string, undefined> = await lines.next()
    return step.done === true ? undefined : step.value
  }
  const pieces: string[] = []
  child.stderr.setEncoding('utf8').on('data', (text: string) => pieces.push(text))
  const isTold = new Promise<void>((resolve) => child.stderr.on('close', resolve))
  const exit = new Promise<readonly [number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => resolve([code, signal]))
  })
  const finish = async (): Promise<RunEnd> => {
    const [code, signal] = await exit
    const rest: string[] = []
    for (let line = await next(); line !== undefined; line = await next()) rest.push(line)
    await isTold
    return { code, signal, lines: rest, stderr: pieces.join('') }
  }
  let end: Promise<RunEnd> | undefined
  return {
    pid: child.pid ?? 0,
    next,
    kill: (signal) => void child.kill(signal),
    closeOutput: () => {
      reader.close()
      child.stdout.destroy()
    },
    // Begun when asked for: it takes the lines that are left.
    get end() {
      return (end ??= finish())
    }
  }
}
