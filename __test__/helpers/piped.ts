import { spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import type { ExecutionContext } from 'ava'

/** How a script in a pipeline has ended. */
export interface Piped {
  readonly code: number | null
  /** What the reader has written. */
  readonly read: string
  /** What the script has written to descriptor 3. */
  readonly said: string
}

/**
 * Runs a fixture with both output streams in one pipe of the shell, `reader` at its other end. (The pipes that Node makes for
 * its children are sockets.)
 */
export async function runPiped(
  t: ExecutionContext,
  reader: string,
  name: string,
  args: readonly string[] = [],
  redirection = '2>&1'
): Promise<Piped> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-piped-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const [read, said] = [join(folder, 'read'), join(folder, 'said')]
  const out = openSync(read, 'w')
  const words = openSync(said, 'w')
  const script = fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))
  // The exit code is that of the script.
  const command = `{ "$0" "$@" ${redirection}; echo $? >&4; } | { ${reader}; }`
  const code = join(folder, 'code')
  const codes = openSync(code, 'w')
  const child = spawn('sh', ['-c', command, process.execPath, script, ...args], {
    stdio: ['ignore', out, 'inherit', words, codes],
    detached: true
  })
  for (const fd of [out, words, codes]) closeSync(fd)
  const { pid } = child
  const ended = new Promise((resolve) => child.on('exit', resolve))
  t.teardown(() => {
    try {
      if (pid !== undefined) process.kill(-pid, 'SIGKILL')
    } catch {
      // It has ended.
    }
  })
  await ended
  const text = (file: string): string => readFileSync(file, 'utf8')
  const [first = ''] = text(code).split('\n')
  return { code: first === '' ? null : Number(first), read: text(read), said: text(said) }
}
