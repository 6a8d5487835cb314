import workerpool from 'workerpool'
import { work } from '../tasks.mjs'

workerpool.worker({ work })
