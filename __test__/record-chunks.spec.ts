// The records of a chunk share their shapes, so a value that is left out must not take a shape along.
import test from 'ava'

import { taskInfo } from '../dist/index.js'
import { testBoth } from './helpers/both.js'
import { watchedPool } from './helpers/pools.js'

interface Row {
  readonly id: number
  readonly place: { readonly city: string; readonly zip: number | null }
}

const row = (id: number): Row => ({ id, place: { city: `city ${id}`, zip: id % 2 === 0 ? null : id } })

testBoth('items and results that cannot be sent spoil no record of their chunk', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const items = Array.from({ length: 300 }, (_, id) => ({
    ...row(id),
    extra: id % 7 === 3 ? [{ only: id, here: 1 }, () => 1] : [{ only: id, here: 1 }]
  }))
  const results = await pool.mapSettled(
    (item: Row) => ({
      seen: item.id,
      item,
      more: item.id % 5 === 1 ? [{ just: 1, there: 2 }, () => 1] : [{ just: item.id, there: 2 }]
    }),
    items,
    { chunkSize: 50 }
  )
  for (const [id, result] of results.entries()) {
    if (id % 7 === 3 || id % 5 === 1) {
      t.is(result.status, 'rejected', String(id))
      t.is((result as { reason: { code: string } }).reason.code, 'ERR_POOL_NOT_SERIALIZABLE')
    } else {
      t.deepEqual(result, {
        status: 'fulfilled',
        value: { seen: id, item: { ...row(id), extra: [{ only: id, here: 1 }] }, more: [{ just: id, there: 2 }] }
      })
    }
  }
})

testBoth('batches of records whose last item cannot be sent', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const items = Array.from({ length: 120 }, (_, id) =>
    id % 30 === 9 ? { only: { in: 'this', batch: id }, f: () => 1 } : { ...row(id), tags: [{ t: id }] }
  )
  const results = await pool.mapSettled((batch: object[]) => batch, items, { batch: 10, chunkSize: 4 })
  for (const [id, result] of results.entries()) {
    if (id % 30 < 10) t.is(result.status, 'rejected', String(id))
    else t.deepEqual(result, { status: 'fulfilled', value: items[id] })
  }
})

test('records of many shapes, through every lazy and eager call', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 2 })
  const items = Array.from({ length: 2000 }, (_, id) => ({ ...row(id), [`key${id % 100}`]: { x: id } }))
  const identity = (item: object): object => item
  t.deepEqual(await pool.map(identity, items), items)
  const lazily: object[] = []
  for await (const item of pool.imap(identity, items)) lazily.push(item)
  t.deepEqual(lazily, items)
  t.deepEqual(await Promise.all(items.slice(0, 100).map((item) => pool.apply(identity, [item]))), items.slice(0, 100))
})

test('a task that fails says its item, though the shape of it came with an earlier one', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const results = await pool.mapSettled(
    (item: Row) => {
      if (item.id % 10 === 7) throw new Error('no')
      return item
    },
    Array.from({ length: 40 }, (_, id) => row(id)),
    { chunkSize: 40 }
  )
  for (const [id, result] of results.entries()) {
    if (result.status === 'fulfilled') t.deepEqual(result.value, row(id))
    else t.is(taskInfo(result.reason)?.item, `{ id: ${id}, place: { city: 'city ${id}', zip: ${id} } }`)
  }
})

test('a worker that dies leaves the texts of its items', async (t) => {
  const { pool } = watchedPool(t, { nJobs: 1 })
  const results = await pool.mapSettled(
    (item: Row) => {
      if (item.id === 7) process.exit(3)
      return item
    },
    Array.from({ length: 20 }, (_, id) => row(id)),
    { chunkSize: 20 }
  )
  const failed = results.find((result) => result.status === 'rejected')
  t.is(taskInfo(failed?.reason)?.item, `{ id: 7, place: { city: 'city 7', zip: 7 } }`)
})
