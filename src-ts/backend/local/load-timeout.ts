import { TaskFunctionError } from '../../errors/index.js'
import { shortenUrl } from '../../functions/instantiate/index.js'
import type { Shipped } from '../../functions/index.js'
import { JSON, Set, TextDecoder, Uint32Array } from '../../primordials.js'
import { LATE_WORDS } from '../../protocol/index.js'

/**
 * Tasks whose function was not loaded in time, as a record tells: the error of each.
 *
 * @param payload Aligned to words; it is read at once.
 */
export function loadTimeout(payload: Uint8Array): () => TaskFunctionError {
  const [, workerId = 0, pid = 0, timeout = 0] = new Uint32Array(payload.buffer, payload.byteOffset, LATE_WORDS)
  const files = modulesOf(new TextDecoder().decode(payload.subarray(LATE_WORDS * 4)))
  const what = files.length === 0 ? 'the function' : files.join(', ')
  return () =>
    new TaskFunctionError(
      `${what} was not loaded within ${timeout} ms (workerStartTimeout); worker ${workerId} (pid ${pid}) was killed`
    )
}

/** The modules that a worker loads for a function; none where its text was too long to be told. */
function modulesOf(json: string): readonly string[] {
  let shipped: Shipped
  try {
    shipped = JSON.parse(json) as Shipped
  } catch {
    return []
  }
  if (shipped.kind === 'module') return [shortenUrl(shipped.url)]
  if (shipped.kind !== 'closure') return []
  const modules = shipped.values.map((slot) => {
    if (slot.t === 'import') return slot.specifier
    return slot.t === 'export' ? shortenUrl(slot.url) : undefined
  })
  return [...new Set(modules.filter((each) => each !== undefined))]
}
