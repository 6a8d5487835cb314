// `npm run nightly -- fuzz`: one of the long checks that CI runs every night; `--minutes 10` is how long fuzzing and soaking take.
// The others are `asan`, `miri`, `soak` and `matrix`. fuzz, asan and miri need a nightly Rust, fuzz also `cargo install cargo-fuzz`.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { root } from './setup.mjs'

const { values, positionals } = parseArgs({
  options: { minutes: { type: 'string', default: '10' } },
  allowPositionals: true
})
const core = join(root, 'crates/millrace-core')
const minutes = Number(values.minutes)
const host = 'x86_64-unknown-linux-gnu'
const inTarget = (name) => ({ CARGO_TARGET_DIR: join(root, 'target', name) })

/** @type {Readonly<Record<string, readonly { command: readonly string[], cwd?: string, env?: Record<string, string> }[]>>} */
const jobs = {
  fuzz: ['frames', 'memory', 'scheduler'].map((target) => ({
    command: ['cargo', '+nightly', 'fuzz', 'run', target, '--', `-max_total_time=${minutes * 60}`, '-max_len=4096'],
    cwd: core
  })),
  asan: [
    {
      command: ['cargo', '+nightly', 'test', '--locked', '-p', 'millrace-core', '--target', host],
      env: { RUSTFLAGS: '-Zsanitizer=address', ...inTarget('asan') }
    }
  ],
  // Without system calls: what the scheduler and the rings do in memory.
  miri: [
    {
      command: ['cargo', '+nightly', 'miri', 'test', '--locked', '-p', 'millrace-core', '--lib', 'channel::'],
      env: { MIRIFLAGS: '-Zmiri-disable-isolation', PROPTEST_CASES: '4', ...inTarget('miri') }
    }
  ],
  soak: [{ command: [process.execPath, 'scripts/soak.mjs', '--minutes', values.minutes] }],
  matrix: [{ command: [process.execPath, 'scripts/matrix.mjs'] }]
}

const [name = ''] = positionals
const steps = Object.hasOwn(jobs, name) ? jobs[name] : undefined
if (steps === undefined) {
  console.error(`one of ${Object.keys(jobs).join(', ')} is run`)
  process.exit(2)
}
for (const { command, cwd = root, env = {} } of steps) {
  const [program, ...args] = command
  const { status, error } = spawnSync(program, args, { cwd, env: { ...process.env, ...env }, stdio: 'inherit' })
  if (status === 0) continue
  console.error(`${command.join(' ')} failed${error === undefined ? '' : `: ${error.message}`}`)
  process.exit(1)
}
