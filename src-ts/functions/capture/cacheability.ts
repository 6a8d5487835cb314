import type { Graph } from '../ship/graph.js'

/** How long what was captured stays as it is: it only gets shorter. */
export class Cacheability {
  level: Graph['cacheability'] = 'fixed'

  /** Objects may change inside. */
  limitToContents(): void {
    if (this.level === 'fixed') this.level = 'contents'
  }

  /** Variables may change. */
  limitToCall(): void {
    this.level = 'variables'
  }
}
