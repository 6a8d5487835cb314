// What `npm test -- portable` does not run, because it holds on Linux's own module of the core alone, and what macOS does not run beside
// that. Each has its reason. The tests of the core that do not run there say so themselves: `ignore` in crates/millrace-core/tests/process.

const WITHOUT_BLOCKS = 'POSIX has no memory for large values: they travel in messages'
const FIRST_BYTES = `${WITHOUT_BLOCKS}, and the error of a lost task keeps the first MiB of a message`
const SHARED_FLAGS = 'POSIX cannot open a pipe once more, so a worker shares the flags of the pipe with its parent'

/** @type {readonly { spec: string, title: string, reason: string }[]} by title */
export const apart = [
  {
    spec: 'idle',
    title: 'nothing wakes up while a pool is idle',
    reason: 'without a pidfd or a kqueue a worker looks four times a second whether its parent is still there'
  },
  {
    spec: 'orphans',
    title: 'nothing is left of workers that were about to be stopped when their parent died',
    reason:
      'POSIX ends no process with its parent: the system wakes an orphan that has stopped, but not one that stops just then'
  },
  {
    spec: 'stdio',
    title: 'pipes are closed with their workers',
    reason: 'the bells of a pool are pipes as well, which the spec counts'
  },
  {
    spec: 'shared-streams',
    title: 'the flags of a shared pipe stay (quiet)',
    reason: SHARED_FLAGS
  },
  {
    spec: 'shared-streams',
    title: 'code that prints without streams gets no EAGAIN after the parent has used its stdout',
    reason: SHARED_FLAGS
  },
  {
    spec: 'shared-streams',
    title: 'the parent gets no EAGAIN after a worker has used its stdout',
    reason: SHARED_FLAGS
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
  },
  {
    spec: 'blocks',
    title: 'the memory of large values goes back to the system when none come any more',
    reason: WITHOUT_BLOCKS
  },
  { spec: 'blocks', title: 'a worker uses the memory of large values again', reason: WITHOUT_BLOCKS },
  {
    spec: 'slices',
    title: 'the caller makes no arrays for slices: their bytes are copied once, into the message',
    reason: WITHOUT_BLOCKS
  },
  {
    spec: 'blocks',
    title: 'the error of a lost task shows a large item as it shows a small one',
    reason: FIRST_BYTES
  },
  {
    spec: 'worker-errors',
    title: 'the error of an apply shows the arguments, and of a large item the part that fits a line',
    reason: FIRST_BYTES
  }
]

const PROC = 'it reads /proc'
const OTHERS = 'it starts programs under filters of system calls, or as another user'

/** What macOS does not run beside that. Titles by spec and reason. */
const onMacos = {
  blocks: [
    [
      PROC,
      'a worker that is killed at any moment of a large copy loses its own task, and no block',
      'a worker that overwrites the memory of its large results harms only its own tasks'
    ]
  ],
  lifetime: [
    [
      PROC,
      '200 pools that were created and closed leave nothing behind, unused',
      '12 pools that were created and closed leave nothing behind, used'
    ]
  ],
  'shared-array-deaths': [
    [
      PROC,
      'a worker that is killed while it holds an array lets go of it, and nobody else does',
      'a thousand arrays leave no descriptor behind, here and in a worker, released or collected'
    ]
  ],
  'shared-array-misuse': [
    [PROC, 'a control group with too little memory is a typed error, and kills nobody'],
    [
      'macOS makes memory of what it has on disk, and knows no limit on address space',
      'more memory than any machine has is refused by a typed error',
      'a limit on address space is a typed error, and no signal'
    ]
  ],
  'worker-figures': [[PROC, 'the figures of workers are known without asking the system']]
}

/** Whole specs that macOS does not run, by reason. */
const specsOnMacos = {
  [PROC]: ['descriptors', 'doors', 'idle', 'matrix', 'soak', 'worker-breach'],
  [OTHERS]: ['permissions', 'refused-calls', 'small-limits'],
  'its programs are those of Linux': ['shared-streams'],
  'macOS cannot pin': ['pinning']
}

/** @type {typeof apart} */
export const apartOnMacos = Object.entries(onMacos).flatMap(([spec, groups]) =>
  groups.flatMap(([reason, ...titles]) => titles.map((title) => ({ spec, title, reason })))
)

/** @type {readonly { spec: string, reason: string }[]} */
export const wholeOnMacos = Object.entries(specsOnMacos).flatMap(([reason, of]) => of.map((spec) => ({ spec, reason })))
