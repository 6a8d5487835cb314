// What this machine could do at best. Most is measured by a small program in Rust, built when it is first asked for.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { identity } from '../tasks.mjs'
import { checkNumbers, numbers, wallSeconds } from '../timing.mjs'

const source = fileURLToPath(new URL('limits.rs', import.meta.url))
const cache = fileURLToPath(new URL('../../.cache/bench', import.meta.url))

/** @returns {string} the program; it is named after its source, so that a changed one is built anew */
function build() {
  const program = `${cache}/limits-${createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 12)}`
  if (existsSync(program)) return program
  mkdirSync(cache, { recursive: true })
  const own = `${program}.${process.pid}`
  const { status, error, stderr } = spawnSync('rustc', ['--edition=2024', '-O', '-o', own, source], {
    encoding: 'utf8'
  })
  if (status !== 0) throw new Error(`rustc: ${error?.message ?? stderr}`)
  renameSync(own, program)
  return program
}

export class Limits {
  #say
  /** `null` where it cannot be built. */
  #program

  /** @param {(text: string) => void} say */
  constructor(say) {
    this.#say = say
  }

  #find() {
    try {
      return build()
    } catch (error) {
      this.#say(`without most limits: ${error.message}\n`)
      return null
    }
  }

  /**
   * @param {readonly string[]} [before] a program that starts it, such as taskset
   * @returns {number} NaN without a Rust compiler
   */
  #run(what, before = []) {
    if (this.#program === undefined) this.#program = this.#find()
    if (this.#program === null) return NaN
    const [program, ...args] = [...before, this.#program, what]
    const { status, error, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 20_000 })
    if (status !== 0) throw new Error(`limits ${what}: ${error?.message ?? stderr}`)
    return Number(stdout)
  }

  /** Microseconds of a round trip between two processes that look at shared memory all the time. */
  roundTrip() {
    return this.#run('round-trip')
  }

  /** Microseconds of a round trip between two processes that sleep in between. */
  pipeRoundTrip(before) {
    return this.#run('pipe', before)
  }

  /** Megabytes a second there and back between a parent and two workers, by the copies that a pool needs, in memory that is warm. */
  thereAndBack() {
    return this.#run('echo')
  }

  /** Thousands of empty tasks a second in this process, one after the other. */
  async serial() {
    const items = numbers(1e6)
    let results
    const seconds = await wallSeconds(() => (results = items.map((item) => identity(item))))
    checkNumbers(items, results)
    return 1000 / seconds
  }
}
