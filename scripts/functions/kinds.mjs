// The rows of the table in docs/functions.md: a kind of function, and what running it gives.

/**
 * @typedef {object} Kind
 * @property {string} title
 * @property {string} [setup] statements before it; `scale`, `count`, `lib`, `path`, `basename` are imported
 * @property {string} [top] statements at the top level of the file, of names that no other kind has
 * @property {string} fn an expression
 * @property {Readonly<Record<string, unknown>>} [context]
 * @property {readonly unknown[]} [args]
 * @property {unknown} [result]
 * @property {Readonly<Record<string, { result?: unknown, refused?: string, isResult?: boolean }>>} [except] by the title of a way that makes something else of
 *   the source, or by the version of Node: `Node 22`
 * @property {string} [refused] the variable that the error names, or a part of its message
 */

/** @type {readonly Kind[]} */
export const kinds = [
  { title: 'exported by a module: by reference', fn: 'count', result: 1 },
  { title: 'arrow function without variables', fn: '(x) => x + 1', args: [1], result: 2 },
  { title: 'async function', fn: 'async function (x) { await null; return x + 1 }', args: [1], result: 2 },
  { title: 'method of an object', setup: 'const o = { m(x) { return x + 1 } }', fn: 'o.m', args: [1], result: 2 },
  { title: 'captured `const`', setup: 'const factor = 3', fn: '(x) => x * factor', args: [2], result: 6 },
  { title: 'captured `let`', setup: 'let factor = 3; factor++', fn: '(x) => x * factor', args: [2], result: 8 },
  {
    title: 'variables of the module: `let`, function',
    top: 'let topCount = 3; topCount++; const topObject = { a: [5] }; function topFunction(x) { return x * topCount + topObject.a[0] }',
    fn: '(x) => topFunction(x) + topCount',
    args: [2],
    result: 17
  },
  {
    title: 'captured object',
    setup: 'const o = { a: [1], m: new Map([[1, 2]]) }',
    fn: '() => o.a[0] + o.m.get(1)',
    result: 3
  },
  {
    title: 'captured function',
    setup: 'const k = 2; const twice = (x) => x * k',
    fn: '(x) => twice(x)',
    args: [2],
    result: 4
  },
  {
    title: 'captured object, array and Map of functions',
    setup:
      'const k = 2; const o = { deep: { f: (x) => x * k }, list: [(x) => x + 1], map: new Map([["m", (x) => -x]]) }',
    fn: '(x) => [o.deep.f(x), o.list[0](x), o.map.get("m")(x)].join()',
    args: [2],
    result: '4,3,-2'
  },
  {
    title: 'captured instance: class, method, accessor',
    setup:
      'class C { constructor() { this.n = 1 } add(x) { return this.n + x } get two() { return this.n * 2 } }; class D extends C { add(x) { return super.add(x) * 10 } }; const d = new D()',
    fn: '(x) => [d.add(x), d.two, d instanceof C].join()',
    args: [2],
    result: '30,2,true'
  },
  {
    title: 'captured symbol',
    setup: `const mark = Symbol('mark'); const marked = { [mark]: 1, [Symbol.for('k')]: 2 }`,
    fn: '() => marked[mark] + marked[Symbol.for("k")]',
    result: 3
  },
  {
    title: 'mutual recursion',
    setup: 'const odd = (n) => n > 0 && even(n - 1); const even = (n) => n === 0 || odd(n - 1)',
    fn: 'odd',
    args: [3],
    result: true
  },
  {
    title: 'captured class: `super`, private field, static',
    setup:
      'class A { #p = 1; m() { return this.#p } }; class B extends A { static s = 10; m() { return super.m() + B.s } }',
    fn: '() => new B().m()',
    result: 11,
    // The compiler keeps private fields in a WeakMap beside the class.
    except: { 'TypeScript to ES5': { refused: '_A_p' } }
  },
  { title: 'imported function', fn: '(x) => scale(x)', args: [2], result: 20 },
  { title: 'imported namespace', fn: '(x) => lib.scale(x)', args: [2], result: 20 },
  { title: "module of Node's", fn: '(x) => basename(x) + path.sep', args: ['/a/b'], result: 'b/' },
  {
    title: '`import()` of a relative path',
    fn: `async (x) => (await import('LIB')).scale(x)`,
    args: [2],
    result: 20,
    // It means a module of the bundle, or of the process that takes the types off.
    except: {
      'webpack bundle': { refused: '__webpack_require__' },
      'webpack, for development': { refused: '__webpack_require__' },
      'Vite, `ssrLoadModule`': { refused: '__vite_ssr_dynamic_import__' },
      Vitest: { refused: '__vite_ssr_dynamic_import__' }
    }
  },
  { title: 'captured native function', setup: 'const { sqrt } = Math', fn: '(x) => sqrt(x)', args: [4], result: 2 },
  {
    title: "function of Node's own that is a global",
    fn: 'structuredClone',
    args: [[2]],
    result: [2]
  },
  {
    title: "captured function of Node's own",
    setup: 'const clone = structuredClone; const { queueMicrotask: later } = globalThis',
    fn: '(x) => new Promise((resolve) => later(() => resolve(clone(x))))',
    args: [2],
    result: 2
  },
  {
    title: 'sloppy function: `this` is the global object',
    setup: `const sloppy = Function('return typeof this')`,
    fn: 'sloppy',
    result: 'object'
  },
  {
    title: 'getter',
    setup: 'const o = { get g() { return 1 } }',
    fn: `Object.getOwnPropertyDescriptor(o, 'g').get`,
    refused: 'getter'
  },
  {
    title: 'generator',
    setup: 'function* g() { yield 1 }',
    fn: 'g',
    refused: 'generator',
    // A plain function there, whose result is an iterator.
    except: { 'TypeScript to ES5': { refused: 'result', isResult: true } }
  },
  {
    title: 'class itself',
    setup: 'class A {}',
    fn: 'A',
    refused: 'class',
    // A plain function there.
    except: { 'TypeScript to ES5': {} }
  },
  { title: 'bound function', setup: 'const b = scale.bind(null)', fn: 'b', refused: 'bound' },
  { title: 'captured bound function', setup: 'const b = scale.bind(null)', fn: '(x) => b(x)', refused: 'b' },
  { title: 'captured promise', setup: 'const soon = Promise.resolve(1)', fn: '() => soon', refused: 'soon' },
  { title: 'captured stream', setup: 'const out = process.stdout', fn: '() => out', refused: 'out' },
  { title: 'captured WeakMap', setup: 'const weak = new WeakMap()', fn: '() => weak', refused: 'weak' },
  { title: 'captured Proxy', setup: 'const proxy = new Proxy({}, {})', fn: '() => proxy', refused: 'proxy' },
  { title: 'direct `eval`', fn: `() => eval('1')`, refused: 'eval' },
  { title: 'name that nobody declared', fn: '() => nobodyDeclaredThis', refused: 'nobodyDeclaredThis' },
  { title: 'more than 10 MB', setup: `const large = 'x'.repeat(11e6)`, fn: '() => large', refused: 'large' },
  {
    title: '`{ context: { factor } }`',
    fn: '(x) => x * givenFactor',
    args: [2],
    context: { givenFactor: 5 },
    result: 10
  }
]
