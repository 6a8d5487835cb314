import { EventEmitter } from 'node:events'
import { runInNewContext } from 'node:vm'

import test, { type ExecutionContext } from 'ava'

import { type WorkerPool } from '../dist/index.js'
import { watchedPool } from './helpers/pools.js'
import { until } from './helpers/processes.js'
import { within } from './helpers/within.js'

const double = (x: number): number => x * 2
const forever = (): Promise<never> => new Promise<never>(() => undefined)

interface Made {
  readonly signal: AbortSignal
  readonly abort: () => void
  /** Listeners that are left; undefined where the signal cannot forget one. */
  readonly listeners?: () => number
}

type Listener = (event: object) => void

/** A signal as polyfills have it, which knows nothing of `reason`, `throwIfAborted` and `once`. */
class Polyfill {
  aborted = false
  readonly listeners = new Set<Listener>()

  addEventListener(_type: string, listener: Listener): void {
    this.listeners.add(listener)
  }

  removeEventListener(_type: string, listener: Listener): void {
    this.listeners.delete(listener)
  }

  abort(): void {
    this.aborted = true
    for (const listener of Array.from(this.listeners)) listener.call(this, { type: 'abort', target: this })
  }
}

function fromPolyfill(polyfill: Polyfill): Made {
  return {
    signal: polyfill as unknown as AbortSignal,
    abort: () => polyfill.abort(),
    listeners: () => polyfill.listeners.size
  }
}

/** The signal of the package `abort-controller`: an EventTarget whose `aborted` is a getter of its class. */
class OnTarget extends EventTarget {
  #aborted = false
  onabort: (() => void) | null = null

  get aborted(): boolean {
    return this.#aborted
  }

  abort(): void {
    this.#aborted = true
    this.dispatchEvent(new Event('abort'))
  }
}

const SOURCE = `
  class Signal {
    constructor() { this.aborted = false; this.listeners = [] }
    addEventListener(type, listener) { this.listeners.push(listener) }
    removeEventListener(type, listener) { this.listeners = this.listeners.filter((each) => each !== listener) }
    abort(reason) { this.aborted = true; this.reason = reason; for (const each of [...this.listeners]) each() }
  }
  new Signal()`

const made: Record<string, () => Made> = {
  'a polyfill without reason, throwIfAborted and once': () => fromPolyfill(new Polyfill()),
  'one whose reason is undefined': () => fromPolyfill(Object.assign(new Polyfill(), { reason: undefined })),
  'one without a prototype': () => {
    const polyfill = new Polyfill()
    const plain: object = Object.assign(Object.create(null) as object, {
      addEventListener: polyfill.addEventListener.bind(polyfill),
      removeEventListener: polyfill.removeEventListener.bind(polyfill)
    })
    Object.defineProperty(plain, 'aborted', { get: () => polyfill.aborted })
    return { ...fromPolyfill(polyfill), signal: plain as AbortSignal }
  },
  'one that cannot forget a listener': () => {
    const polyfill = Object.assign(new Polyfill(), { removeEventListener: undefined })
    return { signal: polyfill as unknown as AbortSignal, abort: () => (polyfill as unknown as Polyfill).abort() }
  },
  'one that fails to forget a listener': () => {
    const polyfill = Object.assign(new Polyfill(), {
      removeEventListener: () => {
        throw new Error('not today')
      }
    })
    return { signal: polyfill as unknown as AbortSignal, abort: () => (polyfill as unknown as Polyfill).abort() }
  },
  'one that tells each listener twice': () => {
    const polyfill = new Polyfill()
    return {
      ...fromPolyfill(polyfill),
      abort: () => {
        const all = [...polyfill.listeners]
        polyfill.abort()
        for (const listener of all) listener({})
      }
    }
  },
  'an EventTarget': () => {
    const signal = new OnTarget()
    return { signal: signal as unknown as AbortSignal, abort: () => signal.abort() }
  },
  'an EventEmitter': () => {
    const emitter = Object.assign(new EventEmitter(), { aborted: false })
    const signal = Object.assign(emitter, {
      addEventListener: (name: string, listener: () => void) => void emitter.on(name, listener),
      removeEventListener: (name: string, listener: () => void) => void emitter.off(name, listener)
    })
    return {
      signal: signal as unknown as AbortSignal,
      abort: () => {
        signal.aborted = true
        emitter.emit('abort')
      },
      listeners: () => emitter.listenerCount('abort')
    }
  },
  'one of another realm': () => {
    const signal = runInNewContext(SOURCE) as { listeners: unknown[]; abort: () => void } & AbortSignal
    return { signal, abort: () => signal.abort(), listeners: () => signal.listeners.length }
  },
  'a frozen one': () => {
    const polyfill = new Polyfill()
    const signal = Object.freeze({
      get aborted() {
        return polyfill.aborted
      },
      addEventListener: polyfill.addEventListener.bind(polyfill),
      removeEventListener: polyfill.removeEventListener.bind(polyfill)
    })
    return { ...fromPolyfill(polyfill), signal: signal as unknown as AbortSignal }
  }
}

type Call = (pool: WorkerPool, signal: AbortSignal) => Promise<unknown>

const calls: Record<string, Call> = {
  map: (pool, signal) => pool.map(forever, [1, 2], { signal }),
  mapUnordered: (pool, signal) => pool.mapUnordered(forever, [1], { signal }),
  mapSettled: (pool, signal) => pool.mapSettled(forever, [1], { signal }),
  imap: (pool, signal) => pool.imap(forever, [1], { signal }).next(),
  imapUnordered: (pool, signal) => pool.imapUnordered(forever, [1], { signal }).next(),
  apply: (pool, signal) => pool.apply(forever, [], { signal })
}

const reasonOf = (call: Promise<unknown>, what: string): Promise<unknown> =>
  within(call, what).then(
    () => 'fulfilled',
    (error: unknown) => error
  )

function isAbortError(t: ExecutionContext, reason: unknown, what: string): void {
  t.true(reason instanceof DOMException && reason.name === 'AbortError', `${what}: ${String(reason)}`)
}

for (const [kind, make] of Object.entries(made)) {
  test(`${kind} works in every method`, async (t) => {
    const { pool } = watchedPool(t, { nJobs: 1 })
    for (const [method, call] of Object.entries(calls)) {
      const { signal, abort, listeners } = make()
      t.deepEqual(await pool.map(double, [1, 2], { signal }), [2, 4])
      t.is(await pool.apply(double, [4], { signal }), 8)
      t.is(listeners?.() ?? 0, 0)
      const running = call(pool, signal)
      await until(
        () => pool.stats.running === 1,
        () => `${method} does not run`
      )
      t.true((listeners?.() ?? 1) === 1)
      abort()
      isAbortError(t, await reasonOf(running, `${method} does not end`), method)
      t.is(listeners?.() ?? 0, 0, method)
      isAbortError(t, await reasonOf(call(pool, signal), `${method} with an aborted signal`), method)
    }
    t.is(await pool.apply(double, [1]), 2)
    await within(pool.stopAndJoin(), 'stopAndJoin')
  })

  test(`${kind} works as the pool's signal`, async (t) => {
    const { signal, abort, listeners } = make()
    const { pool } = watchedPool(t, { nJobs: 1, signal })
    t.deepEqual(await pool.map(double, [1, 2]), [2, 4])
    const running = pool.map(forever, [1, 2])
    abort()
    isAbortError(t, await reasonOf(running, 'map does not end'), 'map')
    isAbortError(t, await reasonOf(pool.apply(double, [1]), 'apply'), 'apply')
    t.is(listeners?.() ?? 0, 0)
    await within(pool.stopAndJoin(), 'stopAndJoin')
  })
}

test('an object that only resembles a signal works, or is refused', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const standIns: Record<string, (signal: AbortSignal) => AbortSignal> = {
    'a Proxy': (signal) => new Proxy(signal, {}),
    'an object that inherits': (signal) => Object.create(signal) as AbortSignal
  }
  for (const [what, make] of Object.entries(standIns)) {
    for (const [method, call] of Object.entries(calls)) {
      const controller = new AbortController()
      const running = reasonOf((async () => call(pool, make(controller.signal)))(), `${method} with ${what}`)
      await until(
        () => pool.stats.running === 1 || pool.workers.length === 0,
        () => `${method} does not run`
      )
      controller.abort()
      const reason = await running
      const isRefused = (reason as { code?: string }).code === 'ERR_POOL_INVALID_OPTION'
      if (!isRefused) t.is(reason, controller.signal.reason, `${method} with ${what}`)
    }
  }
  await within(pool.stopAndJoin(), 'stopAndJoin')
})

test('any reason is passed on unchanged', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  for (const reason of [null, 0, '', false, { why: 'object' }, new Error('mine')]) {
    for (const call of Object.values(calls)) {
      t.is(await reasonOf(call(pool, AbortSignal.abort(reason)), 'before'), reason)
      const controller = new AbortController()
      const running = call(pool, controller.signal)
      controller.abort(reason)
      t.is(await reasonOf(running, 'while it runs'), reason)
    }
  }
})

test('all calls with an aborted signal that has no reason share one error', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const { signal, abort } = fromPolyfill(new Polyfill())
  const running = Object.values(calls).map((call) => reasonOf(call(pool, signal), 'it does not end'))
  abort()
  const reasons = await Promise.all(running)
  isAbortError(t, reasons[0], 'the first')
  t.is(new Set(reasons).size, 1)
})

const fails = (): never => {
  throw new Error('a broken signal')
}
/** Signals that cannot be used, by what is wrong with them; the others are refused as options. */
const unusable: Record<string, () => object> = {
  'aborted throws': () => Object.defineProperty(new Polyfill(), 'aborted', { get: fails }),
  'addEventListener throws': () => Object.assign(new Polyfill(), { addEventListener: fails }),
  'a getter of addEventListener throws': () =>
    Object.defineProperty(new Polyfill(), 'addEventListener', { get: fails }),
  'addEventListener of a true signal throws': () =>
    Object.assign(new AbortController().signal, { addEventListener: fails }),
  'aborted throws from the second time on': () => {
    let asked = 0
    return Object.defineProperty(new Polyfill(), 'aborted', { get: () => (asked++ === 0 ? false : fails()) })
  },
  'aborted throws from the third time on': () => {
    let asked = 0
    return Object.defineProperty(new Polyfill(), 'aborted', { get: () => (asked++ < 2 ? false : fails()) })
  },
  'aborted is no boolean': () => Object.assign(new Polyfill(), { aborted: 'no' }),
  'it has no addEventListener': () => ({ aborted: false })
}

test('a signal that cannot be used fails its call and leaves nothing behind', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  for (const [what, make] of Object.entries(unusable)) {
    for (const [method, call] of Object.entries(calls)) {
      // An iterator asks once less: it looks at its first step.
      if (what.includes('third') && method.startsWith('imap')) continue
      const reason = await reasonOf(
        (async () => call(pool, make() as AbortSignal))(),
        `${method}, where ${what}, does not end`
      )
      t.regex(String(reason), /a broken signal|signal/, `${method}: ${what}`)
    }
    t.is(await pool.apply(double, [1]), 2)
  }
  t.is(pool.stats.queued + pool.stats.running, 0)
  await within(pool.stopAndJoin(), 'stopAndJoin')
})

test('a reason whose getter throws, and a reason that cannot be sent, still end the call', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const polyfill = Object.defineProperty(new Polyfill(), 'reason', { get: fails })
  const { signal, abort } = fromPolyfill(polyfill)
  const running = reasonOf(pool.apply(forever, [], { signal }), 'apply')
  abort()
  t.regex(String(await running), /a broken signal/)
  t.regex(String(await reasonOf(pool.apply(forever, [], { signal }), 'apply')), /a broken signal/)
  for (const reason of [() => 1, Symbol('why'), Object.defineProperty({}, 'x', { get: fails, enumerable: true })]) {
    const controller = new AbortController()
    const call = reasonOf(pool.map(forever, [1], { signal: controller.signal }), 'map')
    await until(
      () => pool.stats.running === 1,
      () => 'it does not run'
    )
    controller.abort(reason)
    t.is(await call, reason)
  }
  await within(pool.stopAndJoin(), 'stopAndJoin')
})

test('a signal that calls a listener while it subscribes', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const eager = (): AbortSignal => {
    const polyfill = new Polyfill()
    polyfill.addEventListener = (_type, listener) => {
      polyfill.aborted = true
      listener({})
    }
    return polyfill as unknown as AbortSignal
  }
  for (const [method, call] of Object.entries(calls))
    isAbortError(t, await reasonOf(call(pool, eager()), method), method)
  await within(pool.stopAndJoin(), 'stopAndJoin')
})
