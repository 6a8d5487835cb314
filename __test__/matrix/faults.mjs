// What can happen to a worker, and the code in the worker that makes it happen.
import { nativePath } from './native.mjs'

/** The message of errors that are thrown where nobody catches them. */
export const STRAY = 'a stray error of the matrix'

const never = () => new Promise(() => undefined)

function overflow(depth) {
  return overflow(depth + 1) + 1
}

/**
 * @typedef {object} Fault
 * @property {() => unknown} act in the worker; what happens later comes with a promise that never settles
 * @property {{ readonly exitCode?: number, readonly signal?: RegExp }} [death] how the worker ends by it; absent where it lives on
 * @property {{ readonly native?: string, readonly signal?: NodeJS.Signals }} [fromThread] the same from a thread of the worker
 */

/** @type {Readonly<Record<string, Fault>>} */
export const faults = {
  'exit 0': { act: () => process.exit(0), death: { exitCode: 0 }, fromThread: { native: 'exit0' } },
  'exit 1': { act: () => process.exit(1), death: { exitCode: 1 }, fromThread: { native: 'exit1' } },
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
    act: () => process.dlopen({ exports: {} }, nativePath('segfault')),
    death: { signal: /^SIGSEGV$/ },
    fromThread: { native: 'segfault' }
  },
  'heap exhaustion': {
    act() {
      const kept = []
      for (;;) kept.push(Array.from({ length: 1000 }, () => ({})))
    },
    // V8 ends in one way or the other, by version.
    death: { signal: /^SIG(ABRT|TRAP|ILL)$/ }
  },
  'stack overflow': { act: () => overflow(0) },
  // Whoever watches the cell kills it where no time-out of the pool can.
  'infinite loop': {
    act() {
      for (;;);
    },
    death: { signal: /^SIGKILL$/ }
  },
  'uncaught in a timer': {
    act() {
      setTimeout(() => {
        throw new Error(STRAY)
      }, 1)
      return never()
    },
    death: { exitCode: 1 }
  },
  'unhandled rejection': {
    act() {
      void Promise.reject(new Error(STRAY))
      return never()
    },
    death: { exitCode: 1 }
  }
}

// A signal to oneself may be delivered to another thread, a little later.
function signal(name) {
  process.kill(process.pid, name)
  for (;;);
}
