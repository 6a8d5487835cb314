import workerpool from 'workerpool'
import { byName } from '../tasks.mjs'

workerpool.worker(byName)
