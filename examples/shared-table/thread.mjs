// @ts-check
import { workerData } from 'piscina'

/** @param {number} at @returns {number} */
export default (at) => workerData[at]
