import type { Graph } from '../ship/graph.js'

/** How long captured values can be reused. While capturing, it only gets shorter. */
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
