import { burn } from '../tasks.mjs'

process.on('message', ([count, iterations]) => {
  const start = performance.now()
  let sum = 0
  for (let i = 0; i < count; i += 1) sum ^= burn(iterations)
  const seconds = (performance.now() - start) / 1000
  // The sum goes along so that no compiler may find the work useless.
  process.send([seconds, sum])
})
