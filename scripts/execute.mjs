// Runs the program of a suite, and gathers what it says.
import { spawn } from 'node:child_process'
import { constants, setPriority } from 'node:os'
import { root } from './setup.mjs'

/** A finished test, in the output of cargo or in TAP. */
const FINISHED = /^(?:not ok|ok) \d|^test .* \.\.\. /gm

/** The system gives such a process the time that nobody else wants. */
function giveWay({ pid }) {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_LOW)
  } catch {
    // It has ended already.
  }
}

/**
 * @param {readonly string[]} command program and arguments
 * @param {object} [options]
 * @param {Record<string, string>} [options.env] on top of this process's
 * @param {boolean} [options.isBeside] whether it gives way to everything else
 * @param {(ended: number) => void} [options.see] told how many tests have ended so far
 * @returns {Promise<{ isOk: boolean, output: string, errors: string }>}
 */
export function execute([program, ...args], { env, isBeside = false, see = () => undefined } = {}) {
  let ended = 0
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe']
    })
    if (isBeside) giveWay(child)
    // Apart: a piece of one stream may end in the middle of a line.
    const texts = ['', '']
    for (const [at, stream] of [child.stdout, child.stderr].entries()) {
      stream.setEncoding('utf8')
      stream.on('data', (text) => {
        texts[at] += text
        const count = text.match(FINISHED)?.length ?? 0
        ended += count
        if (count > 0) see(ended)
      })
    }
    child.on('error', (error) => resolve({ isOk: false, output: error.message, errors: '' }))
    child.on('close', (code, signal) => {
      const [output, errors] = texts
      resolve({ isOk: code === 0, output, errors: signal ? `${errors}\nended by ${signal}\n` : errors })
    })
  })
}
