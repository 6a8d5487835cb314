import { spawn, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

import test, { type ExecutionContext } from 'ava'

/** `script` gives a program a terminal. */
const hasTerminals = process.platform === 'linux' && spawnSync('script', ['--version']).status === 0
export const testInTerminal: typeof test | typeof test.skip = hasTerminals ? test : test.skip

export interface TerminalOptions {
  readonly columns?: number
  readonly rows?: number
  readonly env?: NodeJS.ProcessEnv
  /** The exit code that the shell sees. It is 128 and the number of the signal for a program that a signal has ended. */
  readonly code?: number
}

/** Runs a fixture in a terminal, from a shell that writes `$` after it. @returns all that is written there */
export async function inTerminal(
  t: ExecutionContext,
  fixture: string,
  way: string,
  { columns = 70, rows = 24, env = {}, code = 0 }: TerminalOptions = {}
): Promise<string> {
  const path = fileURLToPath(new URL(`../fixtures/${fixture}`, import.meta.url))
  const command = `stty cols ${columns} rows ${rows}; '${process.execPath}' '${path}' ${way}; code=$?; printf '$'; exit $code`
  const { CI: _ci, ...usual } = process.env
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    env: { ...usual, TERM: 'xterm', SHELL: '/bin/sh', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true
  })
  t.teardown(() => child.kill('SIGKILL'))
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (text += piece))
  const ended = await new Promise((resolve) => child.on('close', resolve))
  t.is(ended, code, text)
  return text
}

/** A movement of the cursor, the end of a line, or text. */
const TOKENS = new RegExp(String.raw`\x1b\[(\d*)([A-Za-z])|\r|\n|[^\x1b\r\n]+`, 'g')

/** The lines that a terminal shows in the end, of output that moves the cursor as bars do. Empty ones are left out, and the shell's `$`. */
export function screen(output: string): readonly string[] {
  return rowsOf(output)
    .filter((line) => line !== '')
    .slice(0, -1)
}

/** All lines of the terminal, the last one with the shell's `$`. */
export function rowsOf(output: string): readonly string[] {
  const lines = ['']
  let [row, column] = [0, 0]
  for (const [token, code = '', kind] of output.matchAll(TOKENS)) {
    const line = (lines[row] ??= '')
    if (token === '\r') column = 0
    else if (token === '\n') row++
    else if (kind === 'A') row = Math.max(row - Number(code || 1), 0)
    else if (kind === 'G') column = Number(code || 1) - 1
    else if (kind === 'K') lines[row] = line.slice(0, code === '' || code === '0' ? column : 0)
    else if (kind === 'J') lines.splice(row, lines.length, line.slice(0, column))
    else if (kind === undefined) {
      lines[row] = line.slice(0, column).padEnd(column) + token + line.slice(column + token.length)
      column += token.length
    }
    lines[row] ??= ''
  }
  return lines.map((line) => line.trimEnd())
}
