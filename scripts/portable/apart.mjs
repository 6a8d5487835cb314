// What `npm test -- portable` does not run, because it holds on Linux's own module of the core alone. Each has its reason. The tests of
// the core that do not run there say so themselves: `ignore` in crates/millrace-core/tests/process.

/** @type {readonly { spec: string, title: string, reason: string }[]} by title */
export const apart = [
  {
    spec: 'idle',
    title: 'nothing wakes up while a pool is idle',
    reason: 'without a pidfd or a kqueue a worker looks four times a second whether its parent is still there'
  },
  {
    spec: 'stdio',
    title: 'pipes are closed with their workers',
    reason: 'the bells of a pool are pipes as well, which the spec counts'
  },
  {
    spec: 'shared-streams',
    title: 'the flags of a shared pipe stay (quiet)',
    reason: 'POSIX cannot open a pipe once more, so a worker shares the flags of the pipe with its parent'
  },
  {
    spec: 'worker-breach',
    title: 'bytes that a worker writes into its control socket end at most that worker',
    reason: 'they end it: the control socket is a stream, in which no second message can be found after garbage'
  },
  {
    spec: 'doors',
    title: 'the shared memory cannot be cut or stretched',
    reason: 'POSIX cannot seal shared memory'
  },
  {
    spec: 'refused-calls',
    title: 'the first call rejects where the system refuses both ways to shared memory',
    reason: 'there is one way, shm_open, and the error names no other'
  },
  {
    spec: 'descriptors',
    title: 'a pool and its workers use no low descriptors if the limit allows it',
    reason: 'it counts the pidfd that a worker has of its parent'
  }
]

/** Whole specs that macOS does not run, by reason. */
export const apartOnMacos = {
  'they read /proc': [
    'causes',
    'descriptors',
    'doors',
    'idle',
    'lifetime',
    'many-waiting',
    'matrix',
    'nested',
    'orphans',
    'shared-streams',
    'soak',
    'stdio',
    'worker-breach',
    'worker-death',
    'worker-threads'
  ],
  'they start programs under filters of system calls, or as another user': [
    'permissions',
    'refused-calls',
    'small-limits'
  ],
  'macOS cannot pin': ['pinning']
}

/** The specs of `npm test -- portable`: those of processes and of what lies between them. `--all` runs every spec. */
export const core = [
  'abort',
  'apply',
  'busy-parent',
  'causes',
  'closing',
  'data',
  'descriptors',
  'exit-reasons',
  'failing-calls',
  'idle',
  'imap',
  'leaving',
  'lifetime',
  'map',
  'nested',
  'orphans',
  'pinning',
  'program-end',
  'quiet',
  'recycling',
  'refused-calls',
  'respawn',
  'retries',
  'shared-streams',
  'signals',
  'small-limits',
  'spin',
  'splitting',
  'stdio',
  'timeouts',
  'worker-breach',
  'worker-death',
  'worker-start',
  'worker-threads'
]
