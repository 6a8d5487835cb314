// What can happen to a worker, and the code in the worker that makes it happen.
import { nativePath } from './native.mjs'

/** The message of errors that are thrown where nobody catches them. */
export const STRAY = 'a stray error of the matrix'

const never = () => new Promise(() => undefined)

function forever() {
  for (;;);
}

function overflow(depth) {
  return overflow(depth + 1) + 1
}

/** Loads a library that ends this process, then or a little later. */
export function loadNative(fault) {
  try {
    process.dlopen({ exports: {} }, nativePath(fault))
  } catch {
    // It is no addon, which is found out first where it ends the process later.
  }
  forever()
}

/**
 * @typedef {object} Fault
 * @property {() => unknown} act in the worker; what happens later comes with a promise that never settles
 * @property {{ readonly exitCodes?: readonly number[], readonly signal?: RegExp }} [death] how the worker ends by it; absent where it
 *   lives on
 * @property {{ readonly native?: string, readonly signal?: NodeJS.Signals }} [fromThread] the same from a thread of the worker
 * @property {true} [isKilled] whoever watches the cell kills the worker
 */

/** Faults of JavaScript, which every system has. @type {(heap: object, killed: object) => Readonly<Record<string, Fault>>} */
const common = (heap, killed) => ({
  'heap exhaustion': {
    act() {
      const kept = []
      for (;;) kept.push(Array.from({ length: 1000 }, () => ({})))
    },
    death: heap
  },
  'stack overflow': { act: () => overflow(0) },
  // Whoever watches the cell kills it where no time-out of the pool can.
  'infinite loop': { act: forever, death: killed, isKilled: true },
  'uncaught in a timer': {
    act() {
      setTimeout(() => {
        throw new Error(STRAY)
      }, 1)
      return never()
    },
    death: { exitCodes: [1] }
  },
  'unhandled rejection': {
    act() {
      void Promise.reject(new Error(STRAY))
      return never()
    },
    death: { exitCodes: [1] }
  }
})

const exits = {
  'exit 0': { act: () => process.exit(0), death: { exitCodes: [0] }, fromThread: { native: 'exit0' } },
  'exit 1': { act: () => process.exit(1), death: { exitCodes: [1] }, fromThread: { native: 'exit1' } }
}

/** @type {() => Readonly<Record<string, Fault>>} */
const ofPosix = () => ({
  ...exits,
  SIGKILL: { act: () => signal('SIGKILL'), death: { signal: /^SIGKILL$/ }, fromThread: { signal: 'SIGKILL' } },
  SIGUSR2: { act: () => signal('SIGUSR2'), death: { signal: /^SIGUSR2$/ }, fromThread: { signal: 'SIGUSR2' } },
  // Whoever watches the cell sees that it is stopped, and kills it.
  'SIGSTOP, then SIGKILL': {
    act: () => signal('SIGSTOP'),
    death: { signal: /^SIGKILL$/ },
    fromThread: { signal: 'SIGSTOP' }
  },
  abort: { act: () => process.abort(), death: { signal: /^SIGABRT$/ }, fromThread: { native: 'abort' } },
  'segmentation fault': {
    act: () => loadNative('segfault'),
    death: { signal: /^SIGSEGV$/ },
    fromThread: { native: 'segfault' }
  },
  // V8 ends in one way or the other, by version.
  ...common({ signal: /^SIG(ABRT|TRAP|ILL)$/ }, { signal: /^SIGKILL$/ })
})

/** STATUS_ACCESS_VIOLATION. */
const ACCESS_VIOLATION = 0xc0000005

/** Windows has no signals: whoever is terminated has an exit code. @type {() => Readonly<Record<string, Fault>>} */
const ofWindows = () => ({
  ...exits,
  TerminateProcess: { act: () => signal('SIGKILL'), death: { exitCodes: [1] }, fromThread: { signal: 'SIGKILL' } },
  'TerminateProcess from outside': { act: forever, death: { exitCodes: [1] }, isKilled: true },
  abort: { act: () => process.abort(), death: { exitCodes: [134] } },
  'access violation': {
    act: () => loadNative('segfault'),
    death: { exitCodes: [ACCESS_VIOLATION] },
    fromThread: { native: 'segfault' }
  },
  ...common({ exitCodes: [134] }, { exitCodes: [1] })
})

/** @type {Readonly<Record<string, Fault>>} */
export const faults = process.platform === 'win32' ? ofWindows() : ofPosix()

// A signal to oneself may be delivered to another thread, a little later.
function signal(name) {
  process.kill(process.pid, name)
  forever()
}
