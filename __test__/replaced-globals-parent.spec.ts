import test from 'ava'

import { testWholeApi } from './helpers/whole-api.js'

testWholeApi(test, 'parent')
