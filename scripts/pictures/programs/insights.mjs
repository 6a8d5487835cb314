// What a pool with insights prints.
import { pbkdf2Sync } from 'node:crypto'
import { WorkerPool } from 'millrace'

const hash = ({ user, rounds }) => pbkdf2Sync(user, 'salt', rounds, 32, 'sha256').toString('hex')
const users = Array.from({ length: 20_000 }, (_, n) => ({ user: `user-${n}`, rounds: n % 100 === 0 ? 20_000 : 200 }))

const pool = new WorkerPool({ nJobs: 2, enableInsights: true })
await pool.map(hash, users)
await pool.stopAndJoin()
pool.printInsights()
