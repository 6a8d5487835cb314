import { load } from '../peers.mjs'
import { work } from '../tasks.mjs'

const loaded = await load('workerpool')
;(loaded.default ?? loaded).worker({ work })
