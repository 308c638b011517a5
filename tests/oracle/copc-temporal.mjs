// Judges the temporal index of a COPC file from the description of its format alone (docs/formats/copc_temporal.md), with points from laz-perf's
// chunk decoder: header, pages, pointers, every sample, times of every page; and for a number of time windows that a walk over the index finds each
// point that a look at all points finds. Also counts what the range rule of the published draft would lose.
//
// usage: node copc-temporal.mjs [--stride N] FILE
import { parseArgs } from 'node:util'
import { open, hierarchy, decodeChunk, report } from './las.mjs'

const { values: options, positionals: [file] } = parseArgs({ allowPositionals: true, options: { stride: { type: 'string' } } })
const las = open(file)
const { bytes } = las
const violations = []
const must = (holds, rule, what) => { if (!holds) violations.push(`${rule}: ${what}`) }
const u32 = at => bytes.readUInt32LE(at)
const f64 = at => bytes.readDoubleLE(at)
const offset = at => Number(bytes.readBigUInt64LE(at))
const name = key => key.join('-')
const isUnder = ([level, ...xyz], [top, ...at]) => level >= top && xyz.every((v, d) => Math.floor(v / 2 ** (level - top)) === at[d])

// ---- the points
const nodes = new Map()
for (const node of hierarchy(las).nodes.filter(n => n.count > 0)) {
  const records = await decodeChunk(las, node.at, node.size, node.count)
  nodes.set(name(node.key), { ...node, times: Array.from({ length: node.count }, (_, i) => records.readDoubleLE(i * las.recordBytes + 22)) })
}

// ---- the record and its header
const found = las.evlrs.filter(v => v.user === 'copc_temporal' && v.id === 1000)
must(found.length === 1, 'T1', `${found.length} temporal indices`)
must(!las.vlrs.some(v => v.user === 'copc_temporal'), 'T1', 'a VLR, not an EVLR')
if (found.length !== 1) {
  report({ ok: false, file, violations })
  process.exit(1)
}
const begin = found[0].at + 60, end = begin + found[0].length
const version = u32(begin), stride = u32(begin + 4), nodeCount = u32(begin + 8), pageCount = u32(begin + 12)
must(version === 1, 'T3', `version ${version}`)
must(stride >= 1 && (options.stride === undefined || stride === Number(options.stride)), 'T3', `stride ${stride}`)
must(nodeCount === nodes.size, 'T3', `${nodeCount} nodes, the hierarchy has ${nodes.size}`)
must(u32(begin + 28) === 0, 'T3', 'reserved is not 0')

// ---- pages
const pages = [], entries = new Map()
function load(key, at, size, low, high) {
  must(at >= begin + 32 && at + size <= end, 'T10', `page ${name(key)} at byte ${at} leaves the record`)
  const page = { key, at, size, low, high, nodes: [], children: [] }
  pages.push(page)
  let i = at, before = ''
  while (i < at + size) {
    const here = [0, 4, 8, 12].map(q => bytes.readInt32LE(i + q)), count = u32(i + 16)
    const place = here.map(v => String(v).padStart(11, '0')).join()
    must(isUnder(here, key), 'T8', `${name(here)} in the page of ${name(key)}`)
    must(before < place, 'T11', `${name(here)} in the page of ${name(key)} is out of order`)
    before = place
    if (count === 0) {
      page.children.push(load(here, offset(i + 20), u32(i + 28), f64(i + 32), f64(i + 40)))
      i += 48
    } else {
      must(!entries.has(name(here)), 'T10', `${name(here)} is there twice`)
      const samples = Array.from({ length: count }, (_, s) => f64(i + 20 + 8 * s))
      const entry = { key: here, samples, bytes: 20 + 8 * count }
      entries.set(name(here), entry)
      page.nodes.push(entry)
      i += entry.bytes
    }
  }
  must(i === at + size, 'T6', `an entry leaves the page of ${name(key)}`)
  const largest = Math.max(0, ...page.nodes.map(n => n.bytes))
  if (pages[0] === page) must(size - largest <= 16384, 'T9', `root page of ${size} bytes`)
  else must(size - largest <= 262144, 'T13', `page of ${size} bytes`)
  return page
}
const root = load([0, 0, 0, 0], offset(begin + 16), u32(begin + 24), NaN, NaN)
must(pages.length === pageCount, 'T3', `${pages.length} pages, the header says ${pageCount}`)
let next = begin + 32
for (const page of [...pages].sort((a, b) => a.at - b.at)) {
  must(page.at === next, 'T10', `page at byte ${page.at}, the one before it ends at ${next}`)
  next = page.at + page.size
}
must(next === end, 'T10', `pages end at byte ${next} of ${end}`)

// ---- samples and times
const same = (a, b) => a === b || (Number.isNaN(a) && Number.isNaN(b))
for (const [key, node] of nodes) {
  const samples = entries.get(key)?.samples ?? []
  const points = []
  for (let i = 0; i < node.count; i += stride) points.push(i)
  if (points.at(-1) !== node.count - 1) points.push(node.count - 1)
  must(samples.length === points.length && points.every((p, s) => same(samples[s], node.times[p])), 'T14', `samples of ${key}`)
}
for (const page of pages.slice(1)) {
  let low = NaN, high = NaN
  for (const node of nodes.values()) {
    if (!isUnder(node.key, page.key)) continue
    for (const t of node.times) {
      if (!(t >= low) && !Number.isNaN(t)) low = t
      if (!(t <= high) && !Number.isNaN(t)) high = t
    }
  }
  must(same(low, page.low) && same(high, page.high), 'T12', `times of the page of ${name(page.key)}`)
}

// ---- windows
const pointOf = (s, count) => Math.min(s * stride, count - 1)
function ranges(page, t0, t1, take) {
  for (const { key, samples } of page.nodes) {
    const { count } = nodes.get(name(key))
    if (samples[0] > t1 || samples.at(-1) < t0) continue
    const first = samples.findLastIndex(s => s < t0), last = samples.findIndex(s => s > t1 || Number.isNaN(s))
    take(key, first < 0 ? 0 : pointOf(first, count) + 1, last < 0 ? count : pointOf(last, count), samples)
  }
  for (const child of page.children) {
    if (!(child.high < t0 || child.low > t1)) ranges(child, t0, t1, take)
  }
}
const all = [...nodes.values()].flatMap(n => n.times).filter(t => !Number.isNaN(t)).sort((a, b) => a - b)
let seed = 1
const random = n => Math.floor((seed = (seed * 48271) % 2147483647) / 2147483647 * n)
let windows = 0, matching = 0, scanned = 0, draftLost = 0
while (windows < 60 && all.length) {
  const i = random(all.length), t0 = all[i], t1 = windows % 3 ? all[Math.min(all.length - 1, i + random(windows % 2 ? 50 : all.length))] : t0
  const wanted = all.filter(t => t0 <= t && t <= t1).length
  let here = 0, draft = 0
  ranges(root, t0, t1, (key, from, to, samples) => {
    const { times, count } = nodes.get(name(key))
    for (let p = from; p < to; p++) here += t0 <= times[p] && times[p] <= t1
    scanned += to - from
    // The draft's: from the first sample that is not below t0.
    const a = samples.findIndex(s => s >= t0), b = samples.findIndex(s => s > t1)
    if (a >= 0) for (let p = pointOf(a, count); p < (b < 0 ? count : pointOf(b, count)); p++) draft += t0 <= times[p] && times[p] <= t1
  })
  must(here === wanted, 'window', `[${t0}, ${t1}]: ${here} of ${wanted} points`)
  matching += wanted
  draftLost += wanted - draft
  windows++
}
report({ ok: violations.length === 0, file, stride, nodes: nodes.size, pages: pages.length, rootPage: root.size, bytes: end - begin, windows, matching, scanned, draftLost, violations: violations.slice(0, 10) })
