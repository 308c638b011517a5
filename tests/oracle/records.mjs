// The records of LAS, LAZ or COPC files, decoded in file order through the LAZ chunk table (a COPC file is read as "just a LAZ file").
//
// usage: node records.mjs [--sorted] [--map 6|7|8 [--eb n] [--shift dx,dy,dz]] FILE...
//   prints a JSON line: how many records, and the md5 and sha256 of their bytes in order
//   --sorted    a digest that does not depend on the order instead; several files count as one
//   --map       first turns each record into that format, with n extra bytes (as many as there are), moved by that many units
// Exit code 3: the independent decoder does not read this kind of file.
import { createHash } from 'node:crypto'
import { parseArgs } from 'node:util'
import { open, eachBlock, NotReadable, BASE_BYTES } from './las.mjs'
import { mapper, Multiset } from './mapping.mjs'

const { values: options, positionals: files } = parseArgs({
  allowPositionals: true,
  options: { sorted: { type: 'boolean' }, map: { type: 'string' }, eb: { type: 'string' }, shift: { type: 'string' } }
})
const md5 = createHash('md5'), sha256 = createHash('sha256'), set = new Multiset()
let count = 0, decoder = 'none'
for (const file of files) {
  const las = open(file)
  decoder = las.laszip ? 'laz-perf, sequential' : 'uncompressed'
  const map = options.map === undefined ? records => records
    : mapper(las.format, las.recordBytes, Number(options.map), Number(options.eb ?? las.recordBytes - BASE_BYTES[las.format]), options.shift?.split(',').map(Number))
  try {
    await eachBlock(las, (block, n) => {
      const records = map(block, n)
      count += n
      if (options.sorted) set.add(records, n)
      else {
        md5.update(records)
        sha256.update(records)
      }
    })
  } catch (error) {
    if (!(error instanceof NotReadable)) throw error
    console.error(`${file}: ${error.message}`)
    process.exit(3)
  }
}
console.log(JSON.stringify(options.sorted ? { decoder, count, digest: String(set) }
  : { decoder, count, md5: md5.digest('hex'), sha256: sha256.digest('hex') }))
