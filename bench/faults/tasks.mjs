// The task that every Node.js peer runs.
import { appendFileSync } from 'node:fs'
import { faults } from '../../__test__/matrix/faults.mjs'

/**
 * @param {{ number: number, fault?: string, notes: string }} task
 * @returns {unknown} three times the number and one, where no fault comes between
 */
export function work({ number, fault, notes }) {
  appendFileSync(notes, `${number} ${process.pid}\n`)
  if (fault === undefined) return number * 3 + 1
  if (fault === 'a result that cannot be sent') return { callback: () => number }
  return faults[fault].act()
}
