/** Counts without end; tells what was pulled and whether it was told to return. */
export class Counter implements Iterable<number> {
  pulled = 0
  returns = 0;

  *[Symbol.iterator](): Generator<number> {
    try {
      for (;;) yield this.pulled++
    } finally {
      this.returns++
    }
  }
}
