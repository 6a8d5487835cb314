import { constants } from 'node:buffer'

import { typedArrays } from '../codec/index.js'
import { invalidOption } from '../errors/index.js'
import { Math } from '../primordials.js'
import type { TypedArray } from './source.js'

/** A kind of typed arrays. */
export interface Kind {
  readonly name: string
  readonly isBigInt: boolean
  /** The most elements. */
  readonly maxLength: number
  readonly bytesPerElement: number
  readonly make: new (buffer: ArrayBuffer | readonly unknown[] | number) => TypedArray & { set(source: unknown): void }
}

/** @throws TypeError if it is not the constructor of a kind of typed arrays */
export function readKind(kind: unknown): Kind {
  for (const [name, constructor] of typedArrays) {
    if (kind !== constructor) continue
    const make = constructor as unknown as Kind['make']
    const { BYTES_PER_ELEMENT: bytesPerElement } = constructor as unknown as { readonly BYTES_PER_ELEMENT: number }
    const maxLength = Math.floor(constants.MAX_LENGTH / bytesPerElement)
    return { name, isBigInt: name.startsWith('Big'), maxLength, bytesPerElement, make }
  }
  throw invalidOption(
    'type',
    'kind',
    kind,
    `the constructor of a typed array: ${typedArrays.map(([name]) => name).join(', ')}`
  )
}
