// The processes of the peers: started when a row first needs them, kept for the next rows, started anew where one has failed.
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { Driver } from './driver.mjs'

const APART = ', apart'

export class Fleet {
  #drivers = new Map()

  /** @param {{ workers: number, bare: readonly import('./peers.mjs').Peer[] }} options */
  constructor({ workers, bare }) {
    this.workers = workers
    this.bare = bare
  }

  /**
   * @param {import('./peers.mjs').Peer} peer
   * @param {'apart' | 'one CPU'} [place] new processes, which `closeApart` ends; or these, bound to CPU 0
   */
  async driver(peer, place) {
    const key = `${peer.language} ${peer.name}${place === undefined ? '' : APART}`
    const running = this.#drivers.get(key)
    if (running !== undefined && !running.isOver) return running
    const driver = await Driver.start(peer, this.workers, place === 'one CPU' ? ['taskset', '-c', '0'] : [])
    this.#drivers.set(key, driver)
    return driver
  }

  /** Processes without a pool in the language of a peer; with how many iterations of the busy loop they do in a second. */
  async bareFor({ language }) {
    const driver = await this.driver(this.bare.find((peer) => peer.language === language))
    driver.iterationsPerSecond ??= await driver.ask('calibrate')
    return driver
  }

  /** Ends all, or those whose key ends so. */
  async close(ending = '') {
    const chosen = [...this.#drivers].filter(([key]) => key.endsWith(ending))
    for (const [key] of chosen) this.#drivers.delete(key)
    await Promise.all(chosen.map(([, driver]) => driver.close()))
  }

  closeApart() {
    return this.close(APART)
  }
}

/** One endless loop for each CPU, until the function that is returned is called. */
export function startBusyLoops() {
  const loops = Array.from({ length: availableParallelism() }, () =>
    spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' })
  )
  const stop = () => loops.forEach((loop) => loop.kill('SIGKILL'))
  process.once('exit', stop)
  return () => {
    process.off('exit', stop)
    stop()
  }
}
