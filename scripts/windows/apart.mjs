// What `npm run windows` does not run, because Windows or wine has none of it. Each has its reason. `windows.spec.ts` has what Windows does
// instead: deaths by their exit codes, the ends of a parent, pinning, names and paths, many workers.

const CODES = 'Windows has no signals: what something else kills has the exit code 1, and what aborts has 134'
const SIGNALS = 'it sends a signal that Windows has not'
const MESSAGES = 'it has the paths and messages of POSIX'
const LINUX = 'it reads /proc, or sets limits that Windows has not'
const SLOW = 'under wine each bell is a turn of its server, and its times are too short for that'

/** Single tests by title, as `spec: [reason, ...titles]`. */
const titles = {
  'bad-input': [[MESSAGES, 'task() and tasks() refuse a value that names no module']],
  blocks: [
    [
      LINUX,
      'the memory of large values goes back to the system when none come any more',
      'a worker that overwrites the memory of its large results harms only its own tasks'
    ]
  ],
  'shared-array-deaths': [
    [
      LINUX,
      'a worker that is killed while it holds an array lets go of it, and nobody else does',
      'a thousand arrays leave no descriptor behind, here and in a worker, released or collected'
    ]
  ],
  'shared-array-misuse': [
    [
      LINUX,
      'a limit on address space is a typed error, and no signal',
      'a limit on the size of files is a typed error, and no signal',
      'a control group with too little memory is a typed error, and kills nobody'
    ]
  ],
  closing: [[CODES, 'events report every worker and the end']],
  'exit-reasons': [
    [
      CODES,
      'died: a signal came from outside; the last memory is that after its task',
      'died: a task ended its process, or an error that nobody handled'
    ]
  ],
  recycling: [
    [
      SLOW,
      'a backlog of a thousand calls finishes although it uses up many workers',
      'calls of all kinds at once share the lifespans of workers',
      'a busy worker is not idle'
    ]
  ],
  options: [[MESSAGES, 'valid values are used unchanged']],
  retries: [[CODES, 'attempts that ended in different ways are each reported as such, with the line of the call']],
  splitting: [
    [
      SLOW,
      'slow tasks behind many fast ones do not stay on one worker: imap',
      'slow tasks behind many fast ones do not stay on one worker: imapUnordered'
    ]
  ],
  timeouts: [[SIGNALS, 'a late task (stop) fails alone, and every task begins once']],
  'worker-death': [
    [
      CODES,
      'a worker that ends by SIGKILL fails its running task and no other',
      'a worker that ends by abort fails its running task and no other',
      'a worker that ends by heap fails its running task and no other',
      'a worker killed at any moment of a large result settles the task once',
      'stopAndJoin ends when an exit handler of a worker ends it by kill',
      'a worker killed while it leaves does not keep stopAndJoin waiting',
      'a busy worker that is killed from outside fails its task, and the other worker goes on'
    ],
    [
      SIGNALS,
      'a worker that ends by SIGSEGV fails its running task and no other',
      'a worker that ends by SIGUSR2 fails its running task and no other',
      'an item is rejected after two workers died while they received it',
      'a worker killed while it receives an item is replaced, and the item is sent once more',
      'an idle worker that dies is replaced under its id when there is work',
      'a stopped worker is killed all the same'
    ]
  ],
  'worker-start': [
    [
      MESSAGES,
      'in a process without free descriptors workers cannot start, and later pools work',
      'an execPath that does not exist rejects each call with the start error, after three attempts',
      'a cwd that does not exist rejects each call with the start error, after three attempts',
      'an execPath that is no program rejects each call with the start error, after three attempts',
      'an execPath that is another program rejects each call with the start error, after three attempts',
      'an imported preload that throws rejects each call with the start error, after three attempts',
      'preloads run in workers, even those that start a thread of module hooks',
      "a worker has a title, its own process group, and the pool's env, cwd and flags",
      'a preload of NODE_OPTIONS that blocks dies with the parent, and tasks see NODE_OPTIONS as it was'
    ],
    [
      CODES,
      'after a worker dies between ready and its first task, the task is tried once more',
      'starts that are killed from outside do not reject work before ten of them in a row',
      'starts that are killed from outside lose no task beside a good worker'
    ]
  ]
}

/** @type {readonly { spec: string, title: string, reason: string, isForWine: boolean }[]} */
export const apart = Object.entries(titles).flatMap(([spec, groups]) =>
  groups.flatMap(([reason, ...of]) => of.map((title) => ({ spec, title, reason, isForWine: reason === SLOW })))
)

/** Whole specs, by reason. */
export const apartSpecs = {
  '`npm run windows -- matrix` runs all of its cells': ['matrix'],
  'it reads /proc': [
    'causes',
    'descriptors',
    'doors',
    'idle',
    'lifetime',
    'many-waiting',
    'orphans',
    'pinning',
    'shared-streams',
    'soak',
    'worker-breach',
    'worker-threads'
  ],
  'it runs a shell': ['leaving', 'program-end'],
  'it sends signals': ['quiet', 'signals', 'signals-by-shape'],
  'it starts programs under filters of system calls, or as another user': [
    'permissions',
    'refused-calls',
    'small-limits'
  ]
}

/** The specs that are run. */
export const specs = [
  'abort',
  'apply',
  'bad-input',
  'blocks',
  'closing',
  'data',
  'exit-reasons',
  'failing-calls',
  'imap',
  'map',
  'nested',
  'options',
  'recycling',
  'respawn',
  'retries',
  'shared-array',
  'shared-array-deaths',
  'shared-array-misuse',
  'splitting',
  'stdio',
  'timeouts',
  'windows',
  'worker-death',
  'worker-start'
]
