// What `npm run windows` does not run. Each has its reason. `windows.spec.ts`, `windows-handles.spec.ts` and `windows-console.spec.ts` have
// what Windows does instead: deaths by their exit codes, the ends of a parent, pinning, names and paths, many workers, handles in the
// place of descriptors, the keys of a console.

// These hold on Windows itself and under wine.
const CODES = 'Windows has no signals: what something else kills has an exit code, as what ends by itself has'
const SIGNALS = 'it sends a signal that Windows has not'
const POSIX = 'it has the paths, limits or process groups of POSIX'
const PROC = 'it reads /proc, or sets limits that Windows has not'
const SHELL = 'it runs a shell of POSIX'
const REFUSED = 'it starts programs under filters of system calls, or as another user'
const LINUX_OUTPUT = 'it compares with what is printed on Linux'
const REPLACED = 'it replaces a library that is loaded, which Windows refuses'
const REPOSITORY = 'it tests tools of this repository that run on Linux'

// These hold under wine alone. CI runs the tests on Windows itself.
const SLOW = 'under wine each bell is a turn of its server, and the times of the test are too short for that'
const NO_BINARY = 'it needs npm, git, or a binary of a package that is here for Linux alone'
const NOT_IN_WINE = 'wine does it in another way than Windows'

const UNKNOWN = 'under wine a replaced global is read, and it is not known yet by whom'

const ofWine = new Set([SLOW, NO_BINARY, NOT_IN_WINE, UNKNOWN])

/** Single tests by title, as `spec: [reason, ...titles]`. */
const titles = {
  'bad-input': [[POSIX, 'task() and tasks() refuse a value that names no module']],
  blocks: [
    [
      PROC,
      'the memory of large values goes back to the system when none come any more',
      'a worker that overwrites the memory of its large results harms only its own tasks'
    ]
  ],
  chunks: [[SLOW, 'a chunkSize above maxTasksActive is cut to it']],
  builds: [
    [
      REPLACED,
      'a worker of another build is refused, and the error names both builds: millrace.win32-x64-msvc.node',
      'a worker of another build is refused, and the error names both builds: millrace.win32-arm64-msvc.node'
    ]
  ],
  coverage: [[SIGNALS, 'the coverage of a worker is complete, and the same in the next run (SIGTERM)']],
  'entry-program': [
    [
      NOT_IN_WINE,
      'a worker does not run the program that node was started with: a link',
      'a worker does not run the program that node was started with: a link, --preserve-symlinks',
      'a worker does not run the program that node was started with: a link, --preserve-symlinks-main',
      'a worker does not run the program that node was started with: a link, both',
      'a worker does not run the program that node was started with: a link to the directory',
      'a worker does not run the program that node was started with: a link to the directory, both',
      'a worker does not run the program that node was started with: a link to CommonJS, both',
      'a worker does not run the program that node was started with: a link, process.argv changed'
    ]
  ],
  examples: [
    [
      LINUX_OUTPUT,
      'examples/crash.mjs prints the expected output',
      'examples/pinning.mjs prints the expected output',
      'examples/server.mjs answers with the hash of a file, refuses a missing file, and closes on SIGTERM'
    ]
  ],
  functions: [[NO_BINARY, "the worker's bundle is small, and runs without a loader or a warning"]],
  idle: [
    [
      PROC,
      'nothing wakes up while a pool is idle',
      'descriptors, threads, shared memory and processes do not grow with pools',
      'children of tasks, of this process and of other pools inherit no descriptor of a pool'
    ]
  ],
  lifetime: [
    [
      PROC,
      '200 pools that were created and closed leave nothing behind, unused',
      '12 pools that were created and closed leave nothing behind, used'
    ]
  ],
  loading: [
    [
      NO_BINARY,
      'the packed package holds what is needed to run, no sources and no binary, in less than 300 KB and without dependencies'
    ]
  ],
  numbers: [[SIGNALS, 'a worker that is told to end within a task sends its result and those before']],
  options: [[POSIX, 'valid values are used unchanged']],
  recycling: [
    [
      SLOW,
      'a backlog of a thousand calls finishes although it uses up many workers',
      'calls of all kinds at once share the lifespans of workers',
      'a busy worker is not idle'
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
    [
      PROC,
      'a limit on address space is a typed error, and no signal',
      'a limit on the size of files is a typed error, and no signal',
      'a control group with too little memory is a typed error, and kills nobody'
    ]
  ],
  splitting: [
    [
      SLOW,
      'slow tasks behind many fast ones do not stay on one worker: imap',
      'slow tasks behind many fast ones do not stay on one worker: imapUnordered'
    ]
  ],
  timeouts: [[SIGNALS, 'a late task (stop) fails alone, and every task begins once']],
  windows: [[NOT_IN_WINE, 'workers start in a folder with a long path, or say that the system has refused it']],
  'windows-console': [[NOT_IN_WINE, 'the parent decides what the keys mean that a console reports by SIGBREAK']],
  'worker-death': [
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
  'worker-exit': [[SIGNALS, 'workerExit runs in a worker that gets a SIGTERM, and its result is kept']],
  'worker-threads': [
    [
      SLOW,
      'a thread that is terminated in the middle of a map takes its workers with it, and nothing else',
      'a thread that is terminated while its workers start takes its workers with it, and nothing else',
      'a thread that is terminated while results arrive takes its workers with it, and nothing else'
    ]
  ],
  'worker-start': [
    [
      POSIX,
      'in a process without free descriptors workers cannot start, and later pools work',
      "a worker has a title, its own process group, and the pool's env, cwd and flags"
    ],
    [NO_BINARY, 'preloads run in workers, even those that start a thread of module hooks'],
    [
      CODES,
      'starts that are killed from outside do not reject work before ten of them in a row',
      'starts that are killed from outside lose no task beside a good worker'
    ]
  ]
}

/** Whole specs, by reason. */
const wholes = [
  ['`npm run windows -- matrix` runs all of its cells', 'matrix'],
  [PROC, 'causes', 'descriptors', 'doors', 'orphans', 'pinning', 'shared-streams', 'soak', 'worker-breach'],
  [SHELL, 'leaving', 'program-end'],
  [SIGNALS, 'signals'],
  [REFUSED, 'permissions', 'refused-calls', 'small-limits'],
  [LINUX_OUTPUT, 'docs'],
  [REPOSITORY, 'bench', 'bench-driver', 'bench-mpire'],
  [NO_BINARY, 'bundled', 'function-ways', 'stacks'],
  [UNKNOWN, 'replaced-globals-parent', 'replaced-globals-worker'],
  [SLOW, 'module-meta']
]

/**
 * What is set apart.
 * @param {'windows' | 'wine'} system
 * @param {readonly string[]} names those of all specs
 */
export function apartOn(system, names) {
  const tests = Object.entries(titles).flatMap(([spec, groups]) =>
    groups.flatMap(([reason, ...of]) => of.map((title) => ({ spec, title, reason })))
  )
  const specs = wholes.flatMap(([reason, ...of]) => of.map((spec) => ({ spec, reason })))
  for (const { spec } of [...tests, ...specs]) {
    if (!names.includes(spec)) throw new Error(`there is no spec ${spec}`)
  }
  const isApart = ({ reason }) => system === 'wine' || !ofWine.has(reason)
  return { tests: tests.filter(isApart), specs: specs.filter(isApart) }
}
