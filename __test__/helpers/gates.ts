import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { ExecutionContext } from 'ava'

import { until } from './processes.js'

/** Files by which tests and their tasks wait for each other. */
export class Gates {
  readonly #folder = mkdtempSync(join(tmpdir(), 'millrace-gates-'))

  constructor(t: ExecutionContext) {
    t.teardown(() => rmSync(this.#folder, { recursive: true, force: true }))
  }

  /** The file of a gate, for tasks. */
  path(name: string): string {
    return join(this.#folder, name)
  }

  /** Lets through who waits for the gate, now and later. */
  open(name: string): void {
    writeFileSync(this.path(name), '')
  }

  isOpen(name: string): boolean {
    return existsSync(this.path(name))
  }

  /** Resolves when somebody has opened the gate. */
  async passed(name: string): Promise<void> {
    await until(
      () => this.isOpen(name),
      () => `nobody opens ${name}`
    )
  }

  /** The pid that a task wrote into the file. A file exists before it has content, and pid 0 stands for the caller's own group. */
  async pid(name: string): Promise<number> {
    const read = (): number => (this.isOpen(name) ? Number(readFileSync(this.path(name), 'utf8')) : 0)
    await until(
      () => read() > 0,
      () => `nobody writes a pid into ${name}`
    )
    return read()
  }

  /** Lines that tasks appended to a file. */
  lines(name: string): readonly string[] {
    return this.isOpen(name) ? readFileSync(this.path(name), 'utf8').split('\n').slice(0, -1) : []
  }
}
