/** A typed array of any kind whose elements are of type `T`. */
export interface TypedArrayOf<T> {
  readonly buffer: ArrayBufferLike
  readonly byteLength: number
  readonly byteOffset: number
  readonly length: number
  [index: number]: T
}

/** The constructor of a kind of typed arrays, such as `Float64Array`. */
export interface TypedArrayKind<A> {
  new (length: number): A
  readonly BYTES_PER_ELEMENT: number
}

/** A typed array in memory that processes share. */
export type SharedArray<A> = A & {
  /**
   * Lets go of the memory in this thread now, and does not wait for the garbage collector. This array and all other views of its buffer
   * have no elements afterwards. Other processes keep theirs. Do not call it while Node reads or writes the array in the background.
   */
  release(): void
}
