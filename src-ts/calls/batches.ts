import { END } from './input-iterator.js'

type Next = () => IteratorResult<unknown, unknown>

/**
 * Takes the items of the next task: one item, or up to `batch` items as an array.
 * @param isWanted Returns false once the call has ended. Taking items runs code of the user, which may end the call.
 */
export function taskByTask(next: Next, batch: number | undefined, isWanted: () => boolean): Next {
  if (batch === undefined) return next
  return () => {
    const items: unknown[] = []
    while (items.length < batch && isWanted()) {
      const step = next()
      if (step.done === true) break
      items.push(step.value)
    }
    return items.length === 0 ? END : { done: false, value: items }
  }
}
