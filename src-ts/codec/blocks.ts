/**
 * Large binary values do not travel in their message. They are copied into a block of shared memory, and the message refers to it. The
 * core's `channel/blocks` says who owns a block, and when.
 */

/** The smallest number of bytes for which a block pays. */
export const BLOCK_BYTES: number = 32 * 1024

/** A message has this many of the bytes too, so that an error can show the value when its block is gone. */
export const HEAD_BYTES = 640

/** The most bytes of the blocks of one message, and of one block. */
export const BLOCK_SPACE_BYTES: number = 512 * 1024 * 1024

/** Takes large values. */
export interface BlockSink {
  /** Copies the bytes into a block and returns its place. Without a free block it returns -1. */
  put(bytes: Uint8Array): number
}

/** Has large values. */
export interface BlockSource {
  /**
   * Is told before memory for `length` bytes is allocated.
   * @throws if no honest message has so many
   */
  expect(length: number): void
  /** Fills `into` from the block at a place, whose first bytes are `head`. Returns false if it is not there. */
  take(place: number, into: Uint8Array, head: Uint8Array): boolean
}

/** For messages without blocks. */
export const noBlocks: BlockSource = {
  expect() {
    // The next step fails.
  },
  take() {
    return false
  }
}

/** For messages whose blocks are gone. Values have the right length and their first bytes; the others are zeros. */
export const headsOnly: BlockSource = {
  expect() {
    // These messages are this process's own.
  },
  take(_place, into, head) {
    into.fill(0)
    into.set(head)
    return true
  }
}
