// Does a converted file hold the very points of its inputs, none lost, none doubled, each field as documented?
//
// usage: node same-points.mjs OUT.copc.laz IN...
//   the inputs' records are mapped to the output's format, extra bytes and grid, and compared as a multiset with the output's
// Exit code 0: the same; 1: not; 3: the independent decoder does not read an input.
import { open, eachBlock, NotReadable, BASE_BYTES, report } from './las.mjs'
import { formatFor, mapper, Multiset } from './mapping.mjs'

const [outPath, ...inPaths] = process.argv.slice(2)
const out = open(outPath)
const inputs = inPaths.map(open)
const expected = new Multiset(), found = new Multiset()
const format = formatFor(inputs.map(las => las.format))
const extraBytes = Math.max(0, ...inputs.map(las => las.recordBytes - BASE_BYTES[las.format]))
const faults = []
if (out.format !== format) faults.push(`point format ${out.format}, expected ${format}`)
if (out.recordBytes !== BASE_BYTES[format] + extraBytes) faults.push(`record length ${out.recordBytes}, expected ${BASE_BYTES[format] + extraBytes}`)

// How many units lie between the two grids; only grids of the same scale can hold the same points exactly.
function shiftOf(las) {
  return las.scale.map((scale, d) => {
    const units = (las.offset[d] - out.offset[d]) / scale
    if (scale !== out.scale[d] || Math.abs(units - Math.round(units)) > 1e-6) faults.push(`${las.path}: grids differ on axis ${d}`)
    return Math.round(units)
  })
}

try {
  if (!faults.length) {
    for (const las of inputs) {
      const map = mapper(las.format, las.recordBytes, format, extraBytes, las.count ? shiftOf(las) : undefined)
      await eachBlock(las, (block, n) => expected.add(map(block, n), n))
    }
    await eachBlock(out, (block, n) => found.add(block, n))
    if (expected.count !== found.count) faults.push(`${found.count} points, expected ${expected.count}`)
    else if (String(expected) !== String(found)) faults.push('same number of points, but not the same points')
  }
  report({ check: 'same points', ok: !faults.length, points: found.count, digest: String(found), faults })
} catch (error) {
  if (!(error instanceof NotReadable)) throw error
  console.error(error.message)
  process.exitCode = 3
}
