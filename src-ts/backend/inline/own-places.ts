import { dirname, sep } from 'node:path'
import { pathToFileURL } from 'node:url'

import { workerFiles } from '../../binding.js'

const directory = dirname(dirname(workerFiles.worker))

/** The prefixes of the locations of this library's frames: the directory of the package's code, as a URL and as a path. */
export const ownPlaces: readonly string[] = [`${pathToFileURL(directory).href}/`, directory + sep]
