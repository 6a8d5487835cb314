// What a row of the table is; each file beside this one exports some.

/**
 * @typedef {object} Target
 * @property {number} factor of millrace's value, at most that where less is better, at least that where more is
 * @property {string | readonly string[]} [than] a peer, the best of some peers, or `limit`; absent: the value itself
 * @property {string} [words] for several peers
 */

/**
 * @typedef {object} Context
 * @property {import('../fleet.mjs').Fleet} fleet
 * @property {import('../limits/index.mjs').Limits} limits
 * @property {number} scale below 1 for a smoke run
 * @property {number} workers
 */

/**
 * @typedef {object} Row
 * @property {string} key for --only
 * @property {string} title
 * @property {string} unit
 * @property {'less' | 'more'} better
 * @property {readonly Target[]} targets
 * @property {(peer: import('../peers.mjs').Peer) => boolean} [isFor] whom it concerns; all by default
 * @property {(driver: import('../driver.mjs').Driver, context: Context) => Promise<number>} [measure] once, one peer
 * @property {(peers: readonly import('../peers.mjs').Peer[], context: Context) => Promise<Record<string, number | Error>>} [round] in
 *   place of `measure`: once, all peers, and whatever else they are compared with, by name
 * @property {(context: Context) => number | Promise<number>} [limit] what this machine could do at best; measured in each round
 * @property {'load' | 'one CPU' | 'apart'} [setting] beside busy loops; bound to CPU 0; in processes of its own, which have done nothing else
 * @property {boolean} [isOnce] too long for more than one round
 */

/** What a row throws for a feature that does not exist yet. */
export const NOT_THERE = 'not there yet'

/** Only millrace, this build and the one before. */
export const isOurs = ({ name }) => name === 'millrace' || name === 'ours-before'

/** The Node pools of processes. */
export const processPools = ['tinypool', 'workerpool', 'poolifier', 'jest-worker']
