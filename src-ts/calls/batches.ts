import { END } from './input-iterator.js'
import type { ItemSource } from './source.js'

/**
 * The tasks of a call: each is one item, or up to `batch` items as an array.
 * @param isWanted Returns false once the call has ended. Taking items runs code of the user, which may end the call.
 */
export function taskByTask(items: ItemSource, batch: number | undefined, isWanted: () => boolean): ItemSource {
  if (batch === undefined) return items
  return {
    next() {
      const taken: unknown[] = []
      while (taken.length < batch && isWanted()) {
        const step = items.next()
        if (step.done === true) break
        taken.push(step.value)
      }
      return taken.length === 0 ? END : { done: false, value: taken }
    }
  }
}
