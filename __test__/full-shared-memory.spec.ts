import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'

import { run } from './helpers/run.js'

// Where the system refuses memfds, shared memory is files of /dev/shm, which containers make small. A page that is missing there ends
// whoever touches it by SIGBUS, so all pages have to be taken when the memory is made.
const filter = fileURLToPath(new URL('./fixtures/refuse.py', import.meta.url))
const MOUNT = 'mount -t tmpfs -o size=8m tmpfs /dev/shm'
const ways = [['--mount'], ['--user', '--map-root-user', '--mount']]
const way = ways.find((flags) => spawnSync('unshare', [...flags, 'sh', '-c', MOUNT]).status === 0)
const hasPython = spawnSync('python3', ['--version']).status === 0

const RIGHT = '2,4,6 true'
const NO_SPACE = 'No space left on device'

test('a full /dev/shm is a typed error for what needs new memory, and pools that run go on', async (t) => {
  if (way === undefined || !hasPython) {
    t.log('not tried: this process may not mount anything, or there is no Python')
    t.pass()
    return
  }
  const folder = mkdtempSync(join(tmpdir(), 'millrace-full-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const execArgv = [...way, 'sh', '-c', `${MOUNT} && exec python3 "$@"`, 'sh', filter, 'memfd_create', process.execPath]
  const { code, signal, lines, stderr } = await run(t, 'full-shared-memory.mjs', [join(folder, 'trace.json')], {
    execPath: 'unshare',
    execArgv
  }).end
  t.deepEqual([code, signal, stderr], [0, null, ''], lines.join('\n'))
  const found = new Map(lines.map((line) => [line.split(': ', 1)[0], line.slice(line.indexOf(': ') + 2)]))
  t.is(found.get('before'), RIGHT)
  t.is(found.get('filled'), 'SharedMemoryError ERR_POOL_SHARED_MEMORY')
  for (const what of ['the same pool', 'resized', 'after']) t.is(found.get(what), RIGHT, what)
  for (const [what, expected] of [
    ['a new pool', 'ERR_POOL_WORKER_START'],
    ['with insights', 'ERR_POOL_SHARED_MEMORY'],
    ['a trace', 'ERR_POOL_SHARED_MEMORY']
  ] as const) {
    const said = found.get(what) ?? ''
    t.true(said.includes(` ${expected}: `) && said.includes(NO_SPACE), `${what}: ${said}`)
  }
  t.is(lines.at(-1), 'ended')
})
