import { types } from 'node:util'

import { instantiate, type Packed, type TaskCallable, unpackDefinition } from '../functions/instantiate/index.js'
import type { Region } from '../codec/index.js'
import { Map, Uint8Array, afterwards } from '../primordials.js'

/** A function that is ready, or the reason why it could not be made. */
export type Resolved = { readonly callable: TaskCallable } | { readonly failure: unknown }

const UNKNOWN: Packed = { json: '', data: new Uint8Array() }

/** The functions that the parent has defined. Each is made when a chunk first needs it. */
export class TaskFunctions {
  readonly #sources = new Map<number, Packed & { readonly regions?: readonly Region[] | undefined }>()
  readonly #resolved = new Map<number, Resolved>()

  /**
   * @param bytes Memory that is reused after this call.
   * @param regions What has to stay until the function is made, if nobody else keeps it.
   */
  define(id: number, bytes: Uint8Array, regions?: readonly Region[]): void {
    this.#sources.set(id, { ...unpackDefinition(bytes), regions })
    this.#resolved.delete(id)
  }

  forget(id: number): void {
    this.#sources.delete(id)
    this.#resolved.delete(id)
  }

  /** The JSON of a definition. */
  jsonOf(id: number): string | undefined {
    return this.#sources.get(id)?.json
  }

  /** Whether the function was made, or failed to be made. */
  isResolved(id: number): boolean {
    return this.#resolved.has(id)
  }

  /** The function. At once if it was made already, or needs no module. */
  resolve(id: number): Resolved | Promise<Resolved> {
    const known = this.#resolved.get(id)
    if (known !== undefined) return known
    const keep = (resolved: Resolved): Resolved => {
      this.#resolved.set(id, resolved)
      return resolved
    }
    try {
      const { json, data } = this.#sources.get(id) ?? UNKNOWN
      const made = instantiate(json, data)
      if (!types.isPromise(made)) return keep({ callable: made })
      return afterwards(
        made,
        (callable) => keep({ callable }),
        (failure: unknown) => keep({ failure })
      )
    } catch (failure) {
      return keep({ failure })
    }
  }
}
