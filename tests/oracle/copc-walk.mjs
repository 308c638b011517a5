// Reads a COPC file with copc.js, the reference reader: every hierarchy page, every node, every point.
//
// usage: node copc-walk.mjs [--tolerate-returns] FILE
//   a point has to lie inside its node (no tolerance), in GPS time order within it, and inside the file's GPS time range; its return
//   number must not exceed its number of returns (surveys break this, hence the option); all points of the header are to be found
import { openSync, readSync, fstatSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { Copc, Bounds, Key } from 'copc'
import { report } from './las.mjs'

const { values: options, positionals: [file] } = parseArgs({ allowPositionals: true, options: { 'tolerate-returns': { type: 'boolean' } } })
const descriptor = openSync(file)
const fileBytes = fstatSync(descriptor).size
const getter = async (begin, end) => {
  const bytes = Buffer.alloc(Math.max(0, Math.min(end, fileBytes) - begin))
  readSync(descriptor, bytes, 0, bytes.length, begin)
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
}

const copc = await Copc.create(getter)
const nodes = new Map()
let pages = 0
const load = async page => {
  pages++
  const subtree = await Copc.loadHierarchyPage(getter, page)
  for (const [key, node] of Object.entries(subtree.nodes)) {
    if (nodes.has(key)) throw new Error(`node ${key} is listed twice`)
    nodes.set(key, node)
  }
  for (const child of Object.values(subtree.pages)) await load(child)
}
await load(copc.info.rootHierarchyPage)

const found = { points: 0, levels: 0, emptyNodes: 0, outsideNode: 0, nodesOutOfTimeOrder: 0, outsideTimeRange: 0, returnAboveReturns: 0 }
const [timeMin, timeMax] = copc.info.gpsTimeRange
for (const [key, node] of nodes) {
  found.levels = Math.max(found.levels, Number(key.split('-')[0]) + 1)
  if (!node?.pointCount) {
    found.emptyNodes++
    continue
  }
  const view = await Copc.loadPointDataView(getter, copc, node)
  const [x, y, z, time, number, returns] = ['X', 'Y', 'Z', 'GpsTime', 'ReturnNumber', 'NumberOfReturns'].map(name => view.getter(name))
  const box = Bounds.stepTo(copc.info.cube, Key.parse(key))
  let previous = -Infinity, ordered = true
  for (let i = 0; i < view.pointCount; i++) {
    const px = x(i), py = y(i), pz = z(i), t = time(i)
    if (!(px >= box[0] && px <= box[3] && py >= box[1] && py <= box[4] && pz >= box[2] && pz <= box[5])) found.outsideNode++
    if (t < previous) ordered = false
    if (t < timeMin || t > timeMax) found.outsideTimeRange++
    if (number(i) > returns(i)) found.returnAboveReturns++
    previous = t
  }
  if (!ordered) found.nodesOutOfTimeOrder++
  if (view.pointCount !== node.pointCount) throw new Error(`node ${key} holds ${view.pointCount} points, not ${node.pointCount}`)
  found.points += view.pointCount
}

const ok = found.points === copc.header.pointCount && !found.outsideNode && !found.nodesOutOfTimeOrder && !found.outsideTimeRange &&
  (options['tolerate-returns'] || !found.returnAboveReturns)
report({ decoder: 'copc.js', ok, header: copc.header.pointCount, ...found, nodes: nodes.size, pages, spacing: copc.info.spacing })
