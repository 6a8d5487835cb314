import test from 'ava'

import { soak } from './soak/soak.mjs'

const SECONDS = 10

test('random work is correct, runs once and settles while workers are killed and stopped at random', async (t) => {
  t.timeout(180_000)
  const seed = Date.now() % 2 ** 31
  t.log(`seed ${seed}`)
  const { wrong, counts } = await soak({ seconds: SECONDS, roundSeconds: SECONDS / 3, seed })
  t.deepEqual(wrong, [], `npm run soak -- --minutes 1 --round ${SECONDS / 3} --seed ${seed}`)
  t.true(counts.results > 0 && Object.keys(counts.faults).length > 0)
})
