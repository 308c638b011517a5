// A window of a COPC file by copc.js, all dimensions decoded, points counted: what bench/query.sh compares with.
import { Copc } from 'copc'

const [, , source, words] = process.argv
const [x0, y0, x1, y1] = words.split(',').map(Number)
const copc = await Copc.create(source)
const { cube } = copc.info

function touches(key) {
  const [level, x, y] = key.split('-').map(Number)
  const side = (cube[3] - cube[0]) / 2 ** level
  const left = cube[0] + x * side, bottom = cube[1] + y * side
  return left < x1 && left + side >= x0 && bottom < y1 && bottom + side >= y0
}

let points = 0, bytes = 0, requests = 0
const pages = [copc.info.rootHierarchyPage]
const nodes = []
while (pages.length > 0) {
  const hierarchy = await Copc.loadHierarchyPage(source, pages.pop())
  for (const [key, node] of Object.entries(hierarchy.nodes)) if (node && node.pointCount > 0 && touches(key)) nodes.push(node)
  for (const [key, page] of Object.entries(hierarchy.pages)) if (page && touches(key)) pages.push(page)
}
const at = 8 // at a time
for (let i = 0; i < nodes.length; i += at) {
  const views = await Promise.all(nodes.slice(i, i + at).map((node) => Copc.loadPointDataView(source, copc, node)))
  nodes.slice(i, i + at).forEach((node) => { bytes += node.pointDataLength; requests++ })
  for (const view of views) {
    const x = view.getter('X'), y = view.getter('Y')
    for (let p = 0; p < view.pointCount; p++) {
      const px = x(p), py = y(p)
      if (px >= x0 && px < x1 && py >= y0 && py < y1) points++
    }
  }
}
console.log(JSON.stringify({ points_matched: points, bytes_read: bytes, requests }, null, 1))
