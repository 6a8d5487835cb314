// Pictures for the docs.
import * as echarts from 'echarts'

/**
 * @param {number} width
 * @param {number} height
 * @param {echarts.EChartsOption} option what is drawn
 * @returns {string} an SVG document
 */
export function drawSvg(width, height, option) {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height })
  chart.setOption({ animation: false, backgroundColor: '#ffffff', ...option })
  const svg = chart.renderToSVGString()
  chart.dispose()
  return `${svg}\n`
}
