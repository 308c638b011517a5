// Reads a COPC file byte by byte by the letter of the specification and of what known readers ask for, decodes every node with
// laz-perf's chunk decoder, and prints the md5 of the records in file order.
//
// usage: node copc-strict.mjs [--allow RULE,RULE...] FILE
//   S1-S12 are rules of LAS 1.4, LAZ and COPC 1.0; R1-R16 are demands of readers in use; H: the header agrees with the points.
//   Violations are listed as "RULE: what"; --allow names rules whose violations are listed but forgiven. What is worth knowing and not wrong
//   (8-bit colours, large nodes) is listed under notes.
import { createHash } from 'node:crypto'
import { parseArgs } from 'node:util'
import { open, hierarchy, decodeChunk, report, BASE_BYTES } from './las.mjs'

const { values: options, positionals: [file] } = parseArgs({ allowPositionals: true, options: { allow: { type: 'string', default: '' } } })
const las = open(file)
const { bytes } = las
const violations = [], notes = []
const must = (holds, rule, what) => { if (!holds) violations.push(`${rule}: ${what}`) }
const VARIABLE_CHUNKS = 0xffffffff

// ---- header and VLRs
must(las.major === 1 && las.minor === 4, 'S1', `version ${las.major}.${las.minor}, not 1.4`)
must(las.headerBytes === 375, 'S1', `header of ${las.headerBytes} bytes, not 375`)
must(las.formatByte >> 6 === 2, 'S2', `format byte ${las.formatByte} does not have just bit 7 set as compressed`)
must(las.format >= 6 && las.format <= 8, 'S2', `point format ${las.format}`)
must(las.recordBytes >= BASE_BYTES[las.format], 'S2', `record length ${las.recordBytes}`)
must((las.globalEncoding & 16) === 16, 'S1', 'the WKT bit of the global encoding is not set')
must(las.legacyCount === 0, 'S1', `legacy point count ${las.legacyCount} in a format that has none`)
must(las.legacyByReturn.every(n => n === 0), 'S1', 'legacy counts by return in a format that has none')

const info = las.vlrs[0]
must(info?.user === 'copc' && info.id === 1 && info.length === 160 && info.at === 375, 'S3', 'the first VLR is not the COPC info')
must(las.vlrs.filter(v => v.user === 'copc' && v.id === 1).length === 1, 'S3', 'COPC info is there more than once')
const f64 = at => bytes.readDoubleLE(at)
const center = [f64(429), f64(437), f64(445)], halfsize = f64(453), spacing = f64(461), timeMin = f64(485), timeMax = f64(493)
must([...center, halfsize, spacing, timeMin, timeMax].every(Number.isFinite) && halfsize > 0, 'S4', 'COPC info holds numbers that cannot be')
must(spacing > 0 && spacing <= 2 * halfsize, 'S6', `spacing ${spacing} with half size ${halfsize}`)
must(bytes.subarray(501, 589).every(b => b === 0), 'S5', 'reserved bytes of COPC info are not 0')

must(las.vlrs.length === las.vlrCount && las.vlrEnd <= las.dataOffset, 'R11', 'VLRs do not end before the points')
must(las.evlrs.length === las.evlrCount && las.evlrEnd === bytes.length, 'R11', `EVLRs end at byte ${las.evlrEnd} of ${bytes.length}`)
must(las.vlrEnd <= 65536, 'R14', `VLRs reach to byte ${las.vlrEnd}, beyond the first 64 KiB`)

const { laszip } = las
must(las.vlrs.filter(v => v.user === 'laszip encoded').length === 1, 'S12', 'not exactly one LASzip VLR')
must(laszip.compressor === 3 && laszip.coder === 0, 'S12', `compressor ${laszip.compressor}, coder ${laszip.coder}`)
must(laszip.chunkPoints === VARIABLE_CHUNKS, 'R10', `chunk size ${laszip.chunkPoints} does not say variable`)
must(laszip.items.reduce((sum, item) => sum + item.bytes, 0) === las.recordBytes, 'S12', 'LASzip items do not add up to the record length')

const wkts = las.vlrs.filter(v => v.user === 'LASF_Projection' && v.id === 2112)
must(wkts.length === 1, 'R5', `${wkts.length} WKT VLRs`)
if (wkts[0]) {
  const wkt = wkts[0].payload
  must(wkt.length > 1 && wkt.indexOf(0) === wkt.length - 1, 'R6', 'WKT is empty or does not end with its only null byte')
  must(/^(PROJCS|GEOGCS|COMPD_CS|LOCAL_CS|GEOCCS)\[/.test(wkt.toString('latin1')), 'R6', 'WKT is not WKT1')
}
must(!las.vlrs.some(v => v.user === 'LASF_Projection' && v.id >= 34735 && v.id <= 34737), 'R5', 'GeoTIFF keys beside WKT')

const EXTRA_TYPE_BYTES = [0, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8]
const described = las.vlrs.filter(v => v.user === 'LASF_Spec' && v.id === 4)
if (described.length) {
  let sum = 0
  for (const { payload } of described) {
    for (let at = 0; at + 192 <= payload.length; at += 192) {
      must(payload[at + 2] <= 10, 'R12', `extra bytes of type ${payload[at + 2]}`)
      sum += payload[at + 2] === 0 ? payload[at + 3] : EXTRA_TYPE_BYTES[payload[at + 2]] ?? 0
    }
  }
  must(sum === las.recordBytes - BASE_BYTES[las.format], 'R12', `extra bytes: ${sum} described, ${las.recordBytes - BASE_BYTES[las.format]} in a record`)
}

// ---- hierarchy
const hierarchyEvlr = [...las.vlrs, ...las.evlrs].filter(v => v.user === 'copc' && v.id === 1000)
must(hierarchyEvlr.length === 1, 'S7', `${hierarchyEvlr.length} hierarchy records`)
const pagesBegin = (hierarchyEvlr[0]?.at ?? 0) + 60, pagesEnd = pagesBegin + (hierarchyEvlr[0]?.length ?? 0)
const name = key => key.join('-')
let largestPage = 0
const { nodes, pages } = hierarchy(las, page => {
  must(page.size > 0 && page.size % 32 === 0, 'S8', `page at byte ${page.at} has ${page.size} bytes`)
  must(page.at >= pagesBegin && page.at + page.size <= pagesEnd, 'S8', `page at byte ${page.at} is outside the hierarchy record`)
  const own = name(page.key ?? [0, 0, 0, 0])
  must(page.entries.some(e => e.count !== -1 && name(e.key) === own), 'R1', `page at byte ${page.at} lacks the entry of its own node ${own}`)
  largestPage = Math.max(largestPage, page.size)
})
const keys = new Set()
for (const { key, at, size, count } of nodes) {
  const [level, ...xyz] = key
  must(level >= 0 && level < 31 && xyz.every(v => v >= 0 && v < 2 ** level), 'S11', `key ${name(key)} cannot be`)
  must(!keys.has(name(key)), 'S9', `node ${name(key)} is listed twice`)
  keys.add(name(key))
  must(count >= 0, 'S10', `node ${name(key)} has ${count} points`)
  if (count === 0) {
    must(at === 0 && size === 0, 'S10', `empty node ${name(key)} has a chunk`)
    must(false, 'R4', `node ${name(key)} has no points`)
  }
}
const filled = nodes.filter(node => node.count > 0)
must(filled.some(node => name(node.key) === '0-0-0-0') || las.count === 0, 'R2', 'the root node is absent or empty')
for (const { key: [level, x, y, z] } of nodes) {
  if (level > 0) must(keys.has(name([level - 1, x >> 1, y >> 1, z >> 1])), 'R3', `node ${name([level, x, y, z])} has no parent`)
}
const large = filled.filter(node => node.count > 100000).length
if (large) notes.push(`R16: ${large} nodes of more than 100 000 points`)

// ---- chunks
const tableAt = Number(bytes.readBigInt64LE(las.dataOffset))
let next = las.dataOffset + 8
for (const node of filled) {
  must(node.at === next, 'R9', `node ${name(node.key)} begins at byte ${node.at}, the chunk before it ends at ${next}`)
  next = node.at + node.size
}
must(next === tableAt, 'R9', `chunks end at byte ${next}, the chunk table begins at ${tableAt}`)
must(tableAt > 0 && tableAt + 8 <= bytes.length && bytes.readUInt32LE(tableAt) === 0 && bytes.readUInt32LE(tableAt + 4) === filled.length,
  'S12', 'the chunk table does not list as many chunks as the hierarchy')

// ---- points
function nodeBox([level, ...xyz]) {
  // Halved step by step, as readers do: the very floating-point numbers they compare with.
  const low = center.map(c => c - halfsize), high = center.map(c => c + halfsize)
  for (let bit = level - 1; bit >= 0; bit--) {
    for (let d = 0; d < 3; d++) {
      const middle = low[d] + (high[d] - low[d]) / 2
      if (xyz[d] >> bit & 1) low[d] = middle
      else high[d] = middle
    }
  }
  return { low, high }
}

const md5 = createHash('md5'), byReturn = new Array(15).fill(0)
const min = [Infinity, Infinity, Infinity], max = [-Infinity, -Infinity, -Infinity]
let points = 0, outside = 0, unordered = 0, timeLow = Infinity, timeHigh = -Infinity, brightest = 0
for (const node of filled) {
  const records = await decodeChunk(las, node.at, node.size, node.count)
  md5.update(records)
  const { low, high } = nodeBox(node.key)
  let previous = -Infinity
  for (let i = 0; i < node.count; i++) {
    const at = i * las.recordBytes
    let inside = true
    for (let d = 0; d < 3; d++) {
      const value = records.readInt32LE(at + 4 * d) * las.scale[d] + las.offset[d]
      if (!(value >= low[d] && value <= high[d])) inside = false
      if (value < min[d]) min[d] = value
      if (value > max[d]) max[d] = value
    }
    if (!inside) outside++
    const number = records[at + 14] & 15
    if (number > 0) byReturn[number - 1]++
    const time = records.readDoubleLE(at + 22)
    if (time < previous) unordered++
    if (!Number.isNaN(time)) previous = time
    if (time < timeLow) timeLow = time
    if (time > timeHigh) timeHigh = time
    for (let c = 30; las.format >= 7 && c < 36; c += 2) brightest = Math.max(brightest, records.readUInt16LE(at + c))
  }
  points += node.count
}
must(points === las.count, 'S12', `${points} points, the header says ${las.count}`)
must(!outside, 'R8', `${outside} points outside their node`)
must(!unordered, 'H', `${unordered} points out of GPS time order in their node`)
if (points) {
  must(las.byReturn.every((n, i) => n === byReturn[i]), 'H', `points by return ${las.byReturn}, found ${byReturn}`)
  must(timeLow === Infinity || (timeMin === timeLow && timeMax === timeHigh), 'H', `GPS time ${timeMin} to ${timeMax}, found ${timeLow} to ${timeHigh}`)
  for (let d = 0; d < 3; d++) {
    const near = las.scale[d] / 2
    must(Math.abs(las.min[d] - min[d]) <= near && Math.abs(las.max[d] - max[d]) <= near, 'H', `bounds on axis ${d}: ${las.min[d]} to ${las.max[d]}, found ${min[d]} to ${max[d]}`)
    must(las.min[d] >= center[d] - halfsize - las.scale[d] && las.max[d] <= center[d] + halfsize + las.scale[d], 'R13', `bounds leave the cube on axis ${d}`)
  }
  if (las.format >= 7 && brightest > 0 && brightest < 256) notes.push('R7: colours use 8 of their 16 bits')
  const counted = byReturn.reduce((a, b) => a + b)
  if (counted !== points) notes.push(`${points - counted} points have return number 0`)
}

const allowed = options.allow.split(',')
const ok = violations.every(v => allowed.includes(v.split(':')[0]))
report({ decoder: 'laz-perf, by node', ok, points, nodes: nodes.length, levels: Math.max(0, ...nodes.map(n => n.key[0] + 1)), pages, largestPage,
  md5: md5.digest('hex'), violations: violations.slice(0, 12), notes })
