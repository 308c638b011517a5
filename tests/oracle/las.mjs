// What the oracle scripts share: LAS and LAZ headers read from bytes, and raw records from the independent decoders.
// Written from the specifications; uses nothing of scree, so that a mistake of ours cannot hide here too.
import { readFileSync } from 'node:fs'
import { createLazPerf } from 'laz-perf'

export const BASE_BYTES = [20, 28, 26, 34, 57, 63, 30, 36, 38, 59, 67]

const text = (bytes, begin, end) => bytes.toString('latin1', begin, end).replace(/\0.*$/s, '')

// A file's bytes and header: { bytes, minor, format, recordBytes, count, scale, offset, vlrs, evlrs, laszip, ... }.
export function open(path) {
  const bytes = readFileSync(path)
  if (bytes.length < 227 || text(bytes, 0, 4) !== 'LASF') throw new Error(`${path}: not a LAS file`)
  const u16 = at => bytes.readUInt16LE(at)
  const u32 = at => bytes.readUInt32LE(at)
  const u64 = at => Number(bytes.readBigUInt64LE(at))
  const f64 = at => bytes.readDoubleLE(at)
  const minor = bytes[25]
  const las = {
    path, bytes, minor, major: bytes[24], globalEncoding: u16(6), headerBytes: u16(94), dataOffset: u32(96), vlrCount: u32(100),
    formatByte: bytes[104], format: bytes[104] & 0x3f, recordBytes: u16(105), legacyCount: u32(107),
    legacyByReturn: [0, 1, 2, 3, 4].map(i => u32(111 + 4 * i)),
    scale: [f64(131), f64(139), f64(147)], offset: [f64(155), f64(163), f64(171)],
    max: [f64(179), f64(195), f64(211)], min: [f64(187), f64(203), f64(219)],
    evlrOffset: 0, evlrCount: 0, byReturn: null, vlrs: [], evlrs: []
  }
  las.count = las.legacyCount
  if (minor >= 4) {
    las.evlrOffset = u64(235)
    las.evlrCount = u32(243)
    las.byReturn = Array.from({ length: 15 }, (_, i) => u64(255 + 8 * i))
    las.count = u64(247) || las.legacyCount
  }
  let at = las.headerBytes
  for (let i = 0; i < las.vlrCount && at + 54 <= bytes.length; i++) {
    const length = u16(at + 20)
    las.vlrs.push({ at, user: text(bytes, at + 2, at + 18), id: u16(at + 18), payload: bytes.subarray(at + 54, at + 54 + length), length })
    at += 54 + length
  }
  las.vlrEnd = at
  at = las.evlrOffset
  for (let i = 0; i < las.evlrCount && at + 60 <= bytes.length; i++) {
    const length = u64(at + 20)
    las.evlrs.push({ at, user: text(bytes, at + 2, at + 18), id: u16(at + 18), payload: bytes.subarray(at + 60, at + 60 + length), length })
    at += 60 + length
  }
  las.evlrEnd = at
  const vlr = las.vlrs.find(v => v.user === 'laszip encoded' && v.id === 22204)
  if (vlr) {
    const p = vlr.payload
    las.laszip = { vlr, compressor: p.readUInt16LE(0), coder: p.readUInt16LE(2), chunkPoints: p.readUInt32LE(12), items: [] }
    for (let i = 0; i < p.readUInt16LE(32); i++) {
      las.laszip.items.push({ type: p.readUInt16LE(34 + 6 * i), bytes: p.readUInt16LE(36 + 6 * i), version: p.readUInt16LE(38 + 6 * i) })
    }
  }
  return las
}

let lazPerf
export const lazPerfModule = async () => (lazPerf ??= await createLazPerf())

// Why laz-perf cannot be asked about this file; '' where it can. It does not look at item versions itself.
export function lazPerfRefuses(las) {
  const { compressor, items } = las.laszip
  if (![0, 1, 2, 3, 6, 7, 8].includes(las.format)) return `point format ${las.format}`
  if (compressor !== (las.format < 6 ? 2 : 3)) return `compressor ${compressor}`
  const odd = items.find(item => item.version !== (las.format < 6 ? 2 : 3))
  return odd ? `item version ${odd.version}` : ''
}

export class NotReadable extends Error {}

// Raw records in file order, in blocks: calls take(block, count). LAZ goes through the chunk table, as any LAZ reader would.
export async function eachBlock(las, take) {
  const { bytes, count, recordBytes } = las
  const blockPoints = 8192
  if (!las.laszip) {
    if (las.dataOffset + count * recordBytes > bytes.length) throw new NotReadable('file ends before the last record')
    for (let i = 0; i < count; i += blockPoints) {
      const n = Math.min(blockPoints, count - i)
      take(bytes.subarray(las.dataOffset + i * recordBytes, las.dataOffset + (i + n) * recordBytes), n)
    }
    return
  }
  if (count === 0) return
  const refusal = lazPerfRefuses(las)
  if (refusal) throw new NotReadable(`laz-perf does not read ${refusal}`)
  const wasm = await lazPerfModule()
  const file = wasm._malloc(bytes.length)
  wasm.HEAPU8.set(bytes, file)
  const out = wasm._malloc(blockPoints * recordBytes)
  const reader = new wasm.LASZip()
  try {
    reader.open(file, bytes.length)
    for (let i = 0; i < count; i += blockPoints) {
      const n = Math.min(blockPoints, count - i)
      for (let j = 0; j < n; j++) reader.getPoint(out + j * recordBytes)
      take(Buffer.from(wasm.HEAPU8.buffer, out, n * recordBytes), n)
    }
  } finally {
    reader.delete()
    wasm._free(out)
    wasm._free(file)
  }
}

// One layered chunk as raw records, through laz-perf's chunk decoder.
export async function decodeChunk(las, begin, size, count) {
  const wasm = await lazPerfModule()
  const chunk = wasm._malloc(size)
  wasm.HEAPU8.set(las.bytes.subarray(begin, begin + size), chunk)
  const out = wasm._malloc(count * las.recordBytes)
  const decoder = new wasm.ChunkDecoder()
  try {
    decoder.open(las.format, las.recordBytes, chunk)
    for (let i = 0; i < count; i++) decoder.getPoint(out + i * las.recordBytes)
    return Buffer.from(wasm.HEAPU8.slice(out, out + count * las.recordBytes).buffer)
  } finally {
    decoder.delete()
    wasm._free(out)
    wasm._free(chunk)
  }
}

// The nodes of a COPC file in file order, { key, at, size, count }, from its hierarchy pages; also how many pages there are.
// visit(page) sees each page as { key, at, size, entries }; key is null for the root page.
export function hierarchy(las, visit = () => {}) {
  const nodes = []
  const seen = new Set()
  const load = (key, at, size) => {
    if (seen.has(at)) throw new Error(`hierarchy page at byte ${at} is reached twice`)
    seen.add(at)
    if (at + size > las.bytes.length) throw new Error(`hierarchy page at byte ${at} ends after the file`)
    const entries = []
    for (let i = at; i + 32 <= at + size; i += 32) {
      entries.push({
        key: [0, 4, 8, 12].map(q => las.bytes.readInt32LE(i + q)), at: Number(las.bytes.readBigUInt64LE(i + 16)),
        size: las.bytes.readInt32LE(i + 24), count: las.bytes.readInt32LE(i + 28)
      })
    }
    visit({ key, at, size, entries })
    for (const entry of entries) {
      if (entry.count === -1) load(entry.key, entry.at, entry.size)
      else nodes.push(entry)
    }
  }
  load(null, Number(las.bytes.readBigUInt64LE(469)), Number(las.bytes.readBigUInt64LE(477)))
  return { nodes: nodes.sort((a, b) => a.at - b.at), pages: seen.size }
}

// Prints one line of JSON and ends with exit code 0 or 1.
export function report(result) {
  console.log(JSON.stringify(result))
  process.exitCode = result.ok ? 0 : 1
}
