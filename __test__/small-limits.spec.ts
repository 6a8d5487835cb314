import test from 'ava'

import { run } from './helpers/run.js'

const RIGHT = /^\[2,4,6\]$/
const limits: Readonly<Record<string, RegExp>> = {
  '-n 40': RIGHT,
  '-v 2500000': RIGHT,
  // Memory of 0 bytes: the parent gets an error, and the signal for files that grow too large does not end it.
  '-f 0': /^WorkerStartError ERR_POOL_WORKER_START: workers cannot start: (shm_open failed: )?File too large/
}

for (const [limit, expected] of Object.entries(limits)) {
  test(`a parent under ulimit ${limit} gets a result or a typed error, and ends its pool`, async (t) => {
    const execArgv = ['-c', `ulimit ${limit}; exec '${process.execPath}' "$0"`]
    const end = await run(t, 'small-limits.mjs', [], { execPath: '/bin/sh', execArgv }).end
    t.deepEqual([end.code, end.stderr, end.lines.at(-1)], [0, '', 'ended'])
    t.regex(end.lines[0] ?? '', expected)
  })
}
