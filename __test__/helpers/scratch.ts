import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import type { ExecutionContext } from 'ava'

import { PATIENCE_MS } from './processes.js'

/** The URL of the built package, for programs that are written by a test. */
export const PACKAGE = new URL('../../dist/index.js', import.meta.url).href

/** A program of a test has ended. */
export interface Output {
  readonly lines: readonly string[]
  readonly stderr: string
}

/** A directory of its own with the files given, by their paths in it; removed when the test ends. */
export function scratch(t: ExecutionContext, files: Readonly<Record<string, string>>, prefix = 'millrace-'): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), prefix)))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true })
    writeFileSync(join(directory, name), text)
  }
  return directory
}

/** Runs node in a directory, without the flags of the test runner; a program that hangs is killed. */
export async function runNode(
  t: ExecutionContext,
  cwd: string,
  args: readonly string[],
  { env, input }: { readonly env?: NodeJS.ProcessEnv; readonly input?: string } = {}
): Promise<Output> {
  const inherited = { ...process.env, NODE_OPTIONS: '', NODE_TEST_CONTEXT: undefined }
  const child = spawn(process.execPath, ['--no-warnings', ...args], { cwd, env: { ...inherited, ...env } })
  t.teardown(() => child.kill('SIGKILL'))
  const watchdog = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS)
  const texts = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (texts.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (texts.stderr += text))
  child.stdin.end(input ?? '')
  await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve))
  clearTimeout(watchdog)
  return { lines: texts.stdout.split('\n').filter((line) => line !== ''), stderr: texts.stderr }
}
