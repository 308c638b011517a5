// Does an enriched file hold its original's records, and features that can be right? Written from the LAS specification: descriptors are read here, values are taken from
// records as laz-perf decodes them. Also checks the map.
//
// usage: node enriched.mjs ORIGINAL ENRICHED [MAP.png]
// Exit code 0: yes; 1: no.
import { readFileSync } from 'node:fs'
import { inflateSync } from 'node:zlib'
import { BASE_BYTES, eachBlock, open, report } from './las.mjs'

const [originalPath, enrichedPath, mapPath] = process.argv.slice(2)
const original = open(originalPath), enriched = open(enrichedPath)
const faults = []

// Extra bytes, by the specification's table: data_type at 2, options at 3, name at 4, no_data at 40, scale at 112, description at 160.
const SIZES = [0, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8]
const READ = {
  1: (b, at) => b.readUInt8(at), 2: (b, at) => b.readInt8(at), 3: (b, at) => b.readUInt16LE(at), 4: (b, at) => b.readInt16LE(at), 5: (b, at) => b.readUInt32LE(at),
  6: (b, at) => b.readInt32LE(at), 9: (b, at) => b.readFloatLE(at), 10: (b, at) => b.readDoubleLE(at)
}
function fields(las) {
  const list = []
  let at = BASE_BYTES[las.format]
  for (const { payload } of [...las.vlrs, ...las.evlrs].filter(v => v.user === 'LASF_Spec' && v.id === 4)) {
    for (let i = 0; i + 192 <= payload.length; i += 192) {
      const d = payload.subarray(i, i + 192), type = d[2], options = d[3]
      const text = (from, to) => d.toString('latin1', from, to).replace(/\0.*$/s, '')
      const whole = type > 0 && type < 9
      list.push({
        name: text(4, 36), description: text(160, 192), type, at, scale: options & 8 ? d.readDoubleLE(112) : 1,
        noData: options & 1 ? (whole ? Number(d.readBigInt64LE(40)) : d.readDoubleLE(40)) : undefined
      })
      at += type === 0 ? options : SIZES[type]
    }
  }
  if (at !== las.recordBytes) faults.push(`descriptors end at byte ${at}, records at ${las.recordBytes}`)
  return list
}
const list = fields(enriched).slice(original.vlrs.concat(original.evlrs).filter(v => v.user === 'LASF_Spec' && v.id === 4).reduce((n, v) => n + Math.floor(v.length / 192), 0))
for (const f of list) {
  if (!READ[f.type]) faults.push(`${f.name}: type ${f.type}`)
  if (f.noData === undefined) faults.push(`${f.name}: no no_data`)
  if (f.description === '' || f.description.length > 31) faults.push(`${f.name}: description "${f.description}"`)
}
const own = [...enriched.vlrs, ...enriched.evlrs].filter(v => v.user === 'scree' && v.id === 1)
if (own.length !== 1) faults.push(`${own.length} parameter records`)
else {
  const names = JSON.parse(own[0].payload.toString('utf8')).dimensions.map(d => d.name)
  if (names.join() !== list.map(f => f.name).join()) faults.push('the parameter record names other dimensions')
}

// A header of LAS 1.4 from an older one: its counts by the points themselves.
const upgraded = enriched.minor === 4 && original.minor < 4, returns = Array(15).fill(0)
if (upgraded) await eachBlock(original, (block, n) => {
  for (let i = 0; i < n; i++) returns[(block[i * original.recordBytes + 14] & (original.format < 6 ? 7 : 15)) - 1]++
})
else if (enriched.minor !== original.minor) faults.push(`LAS 1.${enriched.minor}, was 1.${original.minor}`)
if (upgraded && enriched.headerBytes !== 375) faults.push(`a header of ${enriched.headerBytes} bytes`)
if (upgraded && enriched.byReturn.join() !== returns.join()) faults.push(`counts by return ${enriched.byReturn}, not ${returns}`)
if (upgraded && enriched.legacyByReturn.join() !== returns.slice(0, 5).join()) faults.push(`32-bit counts by return ${enriched.legacyByReturn}`)
if (upgraded && (enriched.legacyCount !== original.count || Number(enriched.bytes.readBigUInt64LE(247)) !== original.count)) faults.push(`counts of points ${enriched.legacyCount}`)
if (process.env.LAS14 && !upgraded) faults.push('not LAS 1.4')

const before = []
await eachBlock(original, block => before.push(Buffer.from(block)))
const records = Buffer.concat(before)
const by = name => list.find(f => f.name.toLowerCase() === name.toLowerCase())
const value = (block, f, at) => {
  const stored = READ[f.type](block, at + f.at)
  return stored === f.noData ? undefined : stored * f.scale
}
let points = 0, checked = 0
await eachBlock(enriched, (block, n) => {
  for (let i = 0; i < n && faults.length < 10; i++, points++) {
    const at = i * enriched.recordBytes, from = points * original.recordBytes
    if (block.compare(records, from, from + original.recordBytes, at, at + original.recordBytes) !== 0) faults.push(`point ${points}: other bytes than before`)
    const get = name => (by(name) ? value(block, by(name), at) : undefined)
    const tolerance = by('Linearity')?.type === 9 ? 1e-6 : 1e-4
    const ratios = ['Linearity', 'Planarity', 'Sphericity'].map(get), normal = ['NormalX', 'NormalY', 'NormalZ'].map(get)
    if (ratios.every(v => v !== undefined)) {
      checked++
      if (Math.abs(ratios[0] + ratios[1] + ratios[2] - 1) > tolerance || ratios.some(v => v < 0 || v > 1)) faults.push(`point ${points}: shapes ${ratios}`)
    }
    if (normal.every(v => v !== undefined)) {
      if (Math.abs(Math.hypot(...normal) - 1) > tolerance || normal[2] < 0) faults.push(`point ${points}: normal ${normal}`)
      const verticality = get('Verticality')
      if (verticality !== undefined && Math.abs(1 - normal[2] - verticality) > tolerance) faults.push(`point ${points}: verticality ${verticality}, normal ${normal}`)
    }
    for (const f of list) if (f.type === 9 && !Number.isFinite(block.readFloatLE(at + f.at))) faults.push(`point ${points}: ${f.name} is no number`)
  }
})
if (points !== original.count) faults.push(`${points} points, expected ${original.count}`)
if (points > 100 && by('Linearity') && by('Planarity') && by('Sphericity') && checked < points / 2) faults.push(`only ${checked} of ${points} points have shapes`)

function checkMap(path) {
  const png = readFileSync(path), data = []
  let width = 0, height = 0
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at), type = png.toString('latin1', at + 4, at + 8)
    if (type === 'IHDR') { width = png.readUInt32BE(at + 8); height = png.readUInt32BE(at + 12) }
    if (type === 'IDAT') data.push(png.subarray(at + 8, at + 8 + length))
    let crc = 0xffffffff
    for (const byte of png.subarray(at + 4, at + 8 + length)) {
      crc ^= byte
      for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
    }
    if (((crc ^ 0xffffffff) >>> 0) !== png.readUInt32BE(at + 8 + length)) faults.push(`map: checksum of ${type}`)
    at += 12 + length
  }
  const raw = inflateSync(Buffer.concat(data)), row = 3 * width, colors = new Set()
  if (raw.length !== (row + 1) * height) { faults.push(`map: ${raw.length} bytes for ${width} x ${height}`); return }
  const above = Buffer.alloc(row), line = Buffer.alloc(row)
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (row + 1)]
    for (let i = 0; i < row; i++) {
      const add = filter === 1 ? (i >= 3 ? line[i - 3] : 0) : filter === 2 ? above[i] : 0
      line[i] = raw[y * (row + 1) + 1 + i] + add
    }
    for (let i = 0; i < row; i += 3) colors.add(line.readUIntBE(i, 3))
    line.copy(above)
  }
  if (colors.size < 50) faults.push(`map: ${colors.size} colours`)
}
if (mapPath) checkMap(mapPath)
report({ check: 'enriched', ok: !faults.length, points, dimensions: list.length, faults })
