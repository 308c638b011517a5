// Whether `scree query IN -o OUT` kept everything: records bit for bit, the grid, what the header says of the survey, VLRs and EVLRs.
//
// usage: node same-files.mjs < LINES
//   each line: name TAB input TAB las TAB laz TAB back, the files that `query` made of the input (las, laz) and of laz (back);
//   an input that the independent decoder does not read can be followed by TAB and an uncompressed twin of it.
// Prints a line for each; exit code 1 if any differs.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { eachBlock, NotReadable, open } from './las.mjs'

// Records that describe a file's own layout, or are left out as the documentation says.
const ofLayout = v => v.user === 'laszip encoded' || v.user === 'copc' || v.user === 'copc_temporal' ||
  (v.user === 'LAStools' && v.id === 30) || (v.user === 'LASF_Spec' && v.id === 7)
const isWaves = v => v.user === 'LASF_Spec' && v.id === 65535

// null: not readable
async function digest(las) {
  const hash = createHash('sha256')
  try {
    await eachBlock(las, block => hash.update(block))
  } catch (e) {
    if (e instanceof NotReadable) return null
    throw e
  }
  return hash.digest('hex')
}

// Texts end at a zero byte, behind which writers leave what was in their memory, or with blanks.
const text = (bytes, begin, end) => bytes.toString('latin1', begin, end).replace(/\0.*$/s, '').trimEnd()

const describe = v => ({ user: v.user, id: v.id, payload: v.payload.toString('latin1') })
const described = las => [...las.vlrs.map(v => ({ ...describe(v), text: text(las.bytes, v.at + 22, v.at + 54) })),
  ...las.evlrs.map(v => ({ ...describe(v), text: text(las.bytes, v.at + 28, v.at + 60) }))]

function sameRecords(before, after, complain) {
  const wavesGo = before.minor >= 4 && (before.globalEncoding & 2) !== 0
  const kept = described(before).filter(v => !ofLayout(v) && !(isWaves(v) && !wavesGo))
  const got = described(after).filter(v => !ofLayout(v))
  if (before.evlrs.length > 0 && after.minor < 4) return
  if (kept.length !== got.length) return complain(`${got.length} records of ${kept.length}`)
  for (let i = 0; i < kept.length; i++) {
    const j = got.findIndex(v => v.user === kept[i].user && v.id === kept[i].id && v.payload === kept[i].payload && v.text === kept[i].text)
    if (j < 0) complain(`record ${kept[i].user}/${kept[i].id} is lost or changed`)
    else got.splice(j, 1)
  }
}

function sameHeader(before, after, complain) {
  const same = (what, a, b) => JSON.stringify(a) === JSON.stringify(b) || complain(`${what}: ${JSON.stringify(a)}, then ${JSON.stringify(b)}`)
  same('point format', before.format, after.format)
  same('record bytes', before.recordBytes, after.recordBytes)
  same('points', before.count, after.count)
  same('scale', before.scale, after.scale)
  same('offset', before.offset, after.offset)
  same('version', Math.max(before.minor, 2), after.minor)
  same('source id', before.bytes.readUInt16LE(4), after.bytes.readUInt16LE(4))
  // LAS 1.0 and 1.1 have no encoding there, and have to be 1.2 afterwards; where waveforms are is said apart.
  if (before.minor >= 2) same('global encoding', before.globalEncoding & ~6, after.globalEncoding & ~6)
  same('project id', before.bytes.toString('hex', 8, 24), after.bytes.toString('hex', 8, 24))
  same('system', text(before.bytes, 26, 58), text(after.bytes, 26, 58))
}

let judged = 0, byTwin = 0, unread = 0, differ = 0
for (const line of readFileSync(0, 'utf8').split('\n').filter(l => l !== '')) {
  const [name, input, las, laz, back, twin] = line.split('\t')
  const faults = []
  const complain = what => faults.push(what)
  const files = [input, las, laz, back].map(open)
  const [sum, sumLas, sumLaz, sumBack] = await Promise.all(files.map(digest))
  let expected = sum
  if (expected === null && twin) expected = await digest(open(twin))
  if (expected === null) unread++
  else if (sum === null) byTwin++
  else judged++
  if (expected !== null && expected !== sumLas) complain('records of LAS')
  if (sumLaz !== null && sumLaz !== sumLas) complain('records of LAZ')
  if (sumBack !== sumLas) complain('records of LAS from LAZ')
  for (const made of files.slice(1)) {
    sameHeader(files[0], made, what => complain(`${made.path}: ${what}`))
    sameRecords(files[0], made, what => complain(`${made.path}: ${what}`))
  }
  if (faults.length > 0) differ++
  console.log(faults.length > 0 ? `DIFFERS ${name}: ${faults.join('; ')}` : `same ${name}`)
}
console.log(`records judged: ${judged}, by an uncompressed twin: ${byTwin}, not readable by an independent decoder: ${unread}, files that differ: ${differ}`)
process.exit(differ > 0 ? 1 : 0)
