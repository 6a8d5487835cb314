// How memory grows while many results are taken one by one.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const MEBIBYTE = 1 << 20

/** Takes numbers from 0 to `count`, and calls `look` a hundred times meanwhile, at equal distances. */
async function takeAll(results, count, look) {
  const step = Math.ceil(count / 100)
  let expected = 0
  for await (const value of results) {
    if (value !== expected) throw new Error('a number came back changed')
    expected += 1
    if (expected % step === 0) look()
  }
}

/** How many MiB the resident memory grew from the first quarter to the second half. */
export async function residentGrowth(results, count) {
  const resident = []
  await takeAll(results, count, () => resident.push(process.memoryUsage.rss() / MEBIBYTE))
  const [quarter, half] = [resident.length >> 2, resident.length >> 1]
  return Math.max(0, Math.max(...resident.slice(half)) - Math.max(...resident.slice(0, quarter)))
}

/** How many MiB the heap grew between the same parts, after garbage collections, which take most of the time. */
export async function heapGrowth(results, count) {
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc')
  const used = []
  await takeAll(results, count, () => {
    collectGarbage()
    used.push(process.memoryUsage().heapUsed / MEBIBYTE)
  })
  const [quarter, half] = [used.length >> 2, used.length >> 1]
  return Math.max(0, Math.max(...used.slice(half)) - Math.max(...used.slice(0, quarter)))
}

/** @yields {number} from 0 to `count` */
export function* numbersUpTo(count) {
  for (let i = 0; i < count; i += 1) yield i
}

/** As many items as `imap` holds of tiny tasks with two workers: two chunks of 8,192 for each. */
const HELD = 32_768

/** The same numbers from a queue that is filled whenever it is empty, as small as a program can be that holds so many. */
export function heldNumbers(count) {
  const items = numbersUpTo(count)
  let queue = []
  let at = 0
  return {
    next() {
      if (at === queue.length) {
        queue = []
        at = 0
        while (queue.length < HELD) {
          const step = items.next()
          if (step.done) break
          queue.push(step.value)
        }
      }
      return Promise.resolve(at < queue.length ? { done: false, value: queue[at++] } : { done: true, value: undefined })
    },
    [Symbol.asyncIterator]() {
      return this
    }
  }
}
