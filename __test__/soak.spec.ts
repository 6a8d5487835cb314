import test from 'ava'

import { soak } from './soak/soak.mjs'

const SECONDS = 6

test('random work is correct, runs once and settles while workers are killed and stopped at random', async (t) => {
  // With a life, a single kill fails all calls that name its init: a few seconds are too short for that.
  t.timeout(280_000)
  let seed = Date.now() % 2 ** 31
  for (let results = 0, signals = 0; results === 0 || signals === 0; seed++) {
    t.log(`seed ${seed}`)
    const { wrong, counts } = await soak({ seconds: SECONDS, roundSeconds: SECONDS / 3, seed, hasLife: false })
    t.deepEqual(wrong, [], `npm run soak -- --plain --minutes 1 --round ${SECONDS / 3} --seed ${seed}`)
    // A slow machine may get no result in so short a time.
    results += counts.results
    signals += Object.keys(counts.faults).length
  }
})
