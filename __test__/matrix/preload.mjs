// A preload of a worker, `--import`: the fault happens in it, or a little later, in the worker's own start.
import { isFirst, suffer } from './jobs.mjs'

/** The worker names itself when it starts, after all preloads and before it is ready. */
function set() {
  void suffer(fault, scratch)
}

const { fault, phase, scratch } = JSON.parse(process.env.MILLRACE_MATRIX)
if (isFirst(`${scratch}/lock`)) {
  if (phase === 'in a preload') await suffer(fault, scratch)
  else {
    // Without a console, libuv aborts when it is asked for a title that nobody has set.
    if (process.platform === 'win32') process.title = 'a worker'
    Object.defineProperty(process, 'title', { set, configurable: true })
  }
}
