import { createRequire } from 'node:module'
import test from 'ava'
import { TaskFunctionError } from '../dist/index.js'
import { watchedPool } from './helpers/pools.js'

interface Account {
  balance: number
  readonly isEmpty: boolean
  pay(amount: number): number
}

interface Classes {
  readonly Account: { new (balance: number): Account; made(): number }
  readonly isAccount: (value: unknown) => boolean
  readonly makeHidden: (balance: number) => Account
}

const url: string = './fixtures/captured-classes.mjs'
const { Account, isAccount, makeHidden } = (await import(url)) as Classes

test.serial("an instance of an exported class has the class of the worker's own module", async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const account = new Account(5)
  t.deepEqual(await pool.apply(() => [account.pay(2), account.isEmpty, account.pay(3), account.isEmpty]), [3, false, 0, true])
  t.deepEqual(await pool.apply(() => [account instanceof Account, isAccount(account), Account.made()]), [true, true, 0])
  t.is(account.balance, 5)
}) // prettier-ignore

test.serial('an instance of a class that no module exports brings the class, down to the exported one', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const hidden = makeHidden(9)
  t.deepEqual(await pool.apply(() => [hidden.pay(2), hidden instanceof Account, isAccount(hidden)]), [5, true, true])
})

test.serial('instances of one class, and of classes in a Map, share the class', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  class Point {
    constructor(readonly x: number) {}
    plus(other: Point): Point {
      return new Point(this.x + other.x)
    }
  }
  const points = [new Point(1), new Point(2)] as const
  const classes = new Map([['point', Point]])
  t.deepEqual(
    await pool.apply(() => {
      const [a, b] = points
      const sum = a.plus(b)
      return [sum.x, sum.constructor === a.constructor, sum instanceof (classes.get('point') ?? Object), Object.keys(a)]
    }),
    [3, true, true, ['x']]
  )
})

test.serial('an instance can also be sent by the option context', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const account = new Account(5)
  const read = ((): unknown => [given.pay(1), given.isEmpty]) as () => unknown
  t.deepEqual(await pool.apply(read, [], { context: { given: account } }), [4, false])
})
declare const given: Account

test.serial("an exported class of a CommonJS module is the module's own class in the worker", async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const require = createRequire(import.meta.url)
  const { Tally } = require('./fixtures/captured-classes.cjs') as { Tally: new () => { add(n: number): number } }
  const tally = new Tally()
  t.deepEqual(await pool.apply(() => [tally.add(2), tally.add(3), tally instanceof Tally]), [2, 5, true])
})

test.serial('private members are refused by name, those of a superclass too', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  class Safe {
    readonly #code = 1
    open(): number {
      return this.#code
    }
  }
  class Vault extends Safe {}
  const vault = { inner: new Vault() }
  const refused = { instanceOf: TaskFunctionError, message: /'vault', which holds an instance of Safe, whose private #code cannot be copied at vault\.inner: / } // prettier-ignore
  await t.throwsAsync(
    pool.apply(() => vault.inner.open()),
    refused
  )
  // The class itself makes instances of its own.
  t.is(await pool.apply(() => new Vault().open()), 1)
})
