// Three maps with bars at once: one with failures, one whose length nobody knows, and workers that print.
import { setTimeout as sleep } from 'node:timers/promises'
import { WorkerPool } from 'millrace'

const pool = new WorkerPool({ nJobs: 4 })

async function thumbnail(file) {
  await sleep(40)
  if (file % 30 === 12) {
    console.log(`worker ${process.pid}: image ${file} is damaged`)
    throw new Error('damaged')
  }
}

const images = Array.from({ length: 240 }, (_, file) => file)
const pages = images.slice(0, 120)
await Promise.all([
  pool.mapSettled(thumbnail, images, { progressBar: { description: 'thumbnails' } }),
  pool.map(() => sleep(40), pages, { progressBar: { description: 'pages' } }),
  pool.map(() => sleep(40), pages.values(), { progressBar: { description: 'lines' } })
])
await pool.stopAndJoin()
