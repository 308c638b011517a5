// Decodes each node of a COPC file with laz-rs, a codec in Rust that shares no code with laz-perf (the WebAssembly build inside
// @loaders.gl/las), and prints the md5 of the records in file order.
//
// usage: node copc-lazrs.mjs FILE
// That build cannot follow a table of chunks of different sizes, so each node is handed over as a small LAZ file of one chunk.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { open, hierarchy, report } from './las.mjs'

const folder = new URL('node_modules/@loaders.gl/las/dist/libs/laz-rs-wasm/', import.meta.url)
const lazrs = await import(new URL('laz_rs_wasm.js', folder))
lazrs.initSync({ module: readFileSync(new URL('laz_rs_wasm_bg.wasm', folder)) })

const HEADER_BYTES = 375
const las = open(process.argv[2])
const { vlr } = las.laszip
const laszipVlr = las.bytes.subarray(vlr.at, vlr.at + 54 + vlr.length)

function oneChunkFile({ at, size, count }) {
  const header = Buffer.from(las.bytes.subarray(0, HEADER_BYTES))
  header.writeUInt32LE(HEADER_BYTES + laszipVlr.length, 96)   // offset to the points
  header.writeUInt32LE(1, 100)                                // one VLR
  header.writeUInt32LE(count, 107)
  header.writeBigUInt64LE(BigInt(count), 247)
  const layout = Buffer.from(laszipVlr)
  layout.writeUInt32LE(count, 54 + 12)                        // points a chunk: all
  const tableAt = Buffer.alloc(8)
  tableAt.writeBigUInt64LE(BigInt(HEADER_BYTES + layout.length + 8 + size))
  const emptyTable = Buffer.alloc(8)
  return Buffer.concat([header, layout, tableAt, las.bytes.subarray(at, at + size), emptyTable])
}

const md5 = createHash('md5')
let points = 0
const nodes = hierarchy(las).nodes.filter(node => node.count > 0)
for (const node of nodes) {
  const decoder = new lazrs.WasmLasZipDecompressor(new Uint8Array(oneChunkFile(node)))
  const records = new Uint8Array(node.count * las.recordBytes)
  decoder.decompress_many(records)
  decoder.free()
  md5.update(records)
  points += node.count
}
report({ decoder: 'laz-rs', ok: points === las.count, points, nodes: nodes.length, md5: md5.digest('hex') })
