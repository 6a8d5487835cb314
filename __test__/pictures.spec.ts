import test from 'ava'

const { toSvg } = (await import(new URL('../scripts/pictures/svg.mjs', import.meta.url).href)) as {
  readonly toSvg: (rows: readonly string[], title: string) => string
}

test('a picture of a terminal has the text of each row, and blocks as rectangles', (t) => {
  const svg = toSvg(['$ node a.mjs', '', 'a <b> |██░| 2/3'], 'title & more')
  t.true(svg.includes('<title>title &amp; more</title>'))
  t.true(svg.includes('>$ node a.mjs</text>'))
  t.true(svg.includes('>a &lt;b&gt; |</text>'))
  t.is(svg.match(/<rect [^>]*height="16"/g)?.length, 2)
  t.regex(svg, /<text x="100" [^>]*>\| 2\/3<\/text>/)
})
