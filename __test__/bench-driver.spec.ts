import test from 'ava'

import { Driver } from '../bench/driver.mjs'
import type { Peer } from '../bench/peers.mjs'
import { measureRow } from '../bench/measure.mjs'

/** A peer whose process answers as `program` says. */
function peerOf(name: string, program: string): Peer {
  const script = `
    const say = (message) => console.log(JSON.stringify(message))
    require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
      const { id, command } = JSON.parse(line)
      if (command === 'close') process.exit()
      ${program}
    })
    say({ id: 0, value: 0 })`
  return { name, is: 'a test', language: 'node', enough: 1, command: () => [process.execPath, '-e', script] }
}

const row = { key: 'k', title: 't', unit: 'µs', better: 'less' as const, targets: [] }

test('a peer that fails, dies or hangs is out of its row, and the others are measured', async (t) => {
  const peers = [
    peerOf('good', 'say({ id, value: 7 })'),
    peerOf('failing', 'say({ id, error: "no such thing" })'),
    peerOf('dying', 'console.error("my last words"); process.exit(3)'),
    peerOf('hanging', '')
  ]
  const drivers = new Map(await Promise.all(peers.map(async (peer) => [peer, await Driver.start(peer, 2)] as const)))
  const fleet = { driver: (peer: Peer) => drivers.get(peer), closeApart: () => undefined }
  const measured = { ...row, measure: (driver: Driver) => driver.askFor(500, 'apply') }
  const { samples, failures } = await measureRow(measured, peers, { fleet } as never, 3)
  t.deepEqual([...samples], [['good', [7, 7, 7]]])
  t.deepEqual(Object.fromEntries(failures), {
    failing: 'no such thing',
    dying: 'the process of dying ended (3): my last words',
    hanging: 'no answer to apply within 0.5 s'
  })
  await Promise.all([...drivers.values()].map((driver) => driver.close()))
  t.true([...drivers.values()].every((driver) => driver.isOver))
})

test('a process that cannot be started is an error, not a crash', async (t) => {
  const peer = { ...peerOf('absent', ''), command: () => ['/no/such/program'] }
  await t.throwsAsync(Driver.start(peer, 2), { message: /ENOENT/ })
})
