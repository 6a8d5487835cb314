import { END } from './input-iterator.js'

type Next = () => IteratorResult<unknown, unknown>

/**
 * Takes what makes the next task: an item, or up to `batch` items as an array.
 * @param isWanted False once the call has ended: taking items runs code of the user.
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
