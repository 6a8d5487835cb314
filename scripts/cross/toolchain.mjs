// Tools for cross builds and for foreign systems, in a folder of the user: they outlive a clone.
import { spawnSync } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, join } from 'node:path'
import { root } from '../setup.mjs'

/** Where the tools are. */
export const tools =
  process.env.MILLRACE_CROSS ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'millrace/cross')

/**
 * Fetches parts of the tools that are missing.
 * @param {...('zig' | 'std' | 'musl' | 'arm64' | 'wine')} parts
 */
export function need(...parts) {
  run('bash', [join(root, 'scripts/cross/toolchain.sh'), tools, ...parts], { stdio: ['ignore', 'inherit', 'inherit'] })
}

/**
 * Runs a program to its end.
 * @param {boolean} [wantsErrors] whether the answer is what it has written to its standard error
 * @returns {string} what it has printed
 * @throws {Error} when it fails; the message holds what it has printed
 */
export function run(program, args, options = {}, wantsErrors = false) {
  const { status, signal, error, stdout, stderr } = spawnSync(program, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options
  })
  if (status === 0) return (wantsErrors ? stderr : stdout) ?? ''
  const how = error?.message ?? (signal === null ? `exit code ${status}` : signal)
  throw new Error(`${stdout ?? ''}${stderr ?? ''}\n${program} ${args.join(' ')} failed (${how})`)
}

/** @returns {string} npm as a program for Node.js: on Windows `npm` itself is a script of the shell */
export function npmProgram() {
  const own = process.env.npm_execpath ?? ''
  return basename(own) === 'npm-cli.js'
    ? own
    : realpathSync(join(run('npm', ['root', '--global']).trim(), 'npm/bin/npm-cli.js'))
}
