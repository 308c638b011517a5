// The documented mapping of records to point formats 6, 7 and 8, written a second time from its description alone (README,
// "What becomes of each field"), and a digest of records in which their order does not matter.
import { BASE_BYTES } from './las.mjs'

// Where in a record of each format the parts begin; -1: the format has none.
const GPS_AT = [-1, 20, -1, 20, 20, 20, 22, 22, 22, 22, 22]
const RGB_AT = [-1, -1, 20, 28, -1, 28, -1, 30, 30, -1, 30]
const NIR_AT = [-1, -1, -1, -1, -1, -1, -1, -1, 36, -1, 36]

// The output format that holds everything of the input formats (waveform packets apart).
export const formatFor = formats => formats.some(f => f === 8 || f === 10) ? 8 : formats.some(f => [2, 3, 5, 7].includes(f)) ? 7 : 6

function core10(from, at, to, out) {
  from.copy(to, out, at, at + 14)                                        // X, Y, Z, intensity
  const returns = from[at + 14], classByte = from[at + 15]
  to[out + 14] = (returns & 7) | ((returns >> 3) & 7) << 4
  let flags = classByte >> 5, classification = classByte & 31
  if (classification === 12) {                                           // "overlap" was a class, and is a flag now
    classification = 1
    flags |= 8
  }
  to[out + 15] = flags | (returns & 0xc0)                                // bits 6 and 7: scan direction, edge of flight line
  to[out + 16] = classification
  to[out + 17] = from[at + 17]                                           // user data
  to.writeInt16LE(Math.round(from.readInt8(at + 16) * 500 / 3), out + 18) // degrees / 0.006; thirds are never halves
  from.copy(to, out + 20, at + 18, at + 20)                              // point source
}

// A function (records, count) => records of format `target` with extraBytes extra bytes each, coordinates moved by `shift` units.
export function mapper(format, recordBytes, target, extraBytes, shift = [0, 0, 0]) {
  const base = BASE_BYTES[format], outBytes = BASE_BYTES[target] + extraBytes
  const extra = Math.min(extraBytes, recordBytes - base)
  return (records, count) => {
    const to = Buffer.alloc(count * outBytes)
    for (let i = 0; i < count; i++) {
      const at = i * recordBytes, out = i * outBytes
      if (format < 6) core10(records, at, to, out)
      else records.copy(to, out, at, at + 22)
      for (let d = 0; d < 3; d++) if (shift[d]) to.writeInt32LE(to.readInt32LE(out + 4 * d) + shift[d], out + 4 * d)
      if (GPS_AT[format] >= 0) records.copy(to, out + 22, at + GPS_AT[format], at + GPS_AT[format] + 8)
      if (target >= 7 && RGB_AT[format] >= 0) records.copy(to, out + 30, at + RGB_AT[format], at + RGB_AT[format] + 6)
      if (target === 8 && NIR_AT[format] >= 0) records.copy(to, out + 36, at + NIR_AT[format], at + NIR_AT[format] + 2)
      records.copy(to, out + BASE_BYTES[target], at + base, at + base + extra)
    }
    return to
  }
}

const SEEDS = [0x9e3779b1, 0x85ebca77, 0xc2b2ae3d, 0x27d4eb2f]
const mix = (hash, word, factor) => {
  hash = Math.imul(hash ^ word, factor)
  return hash ^ (hash >>> 15)
}

// Sums four 32-bit hashes of each record, each modulo 2^32: the same for any order of the same records.
export class Multiset {
  count = 0
  sums = [0, 0, 0, 0]

  add(records, count) {
    const bytes = count ? records.length / count : 0
    for (let i = 0; i < count; i++) {
      const begin = i * bytes
      let [a, b, c, d] = SEEDS
      for (let at = begin; at < begin + bytes; at += 4) {
        const left = begin + bytes - at
        const word = left >= 4 ? records.readInt32LE(at) : records.readUIntLE(at, left)
        a = mix(a, word, 0x2c1b3c6d)
        b = mix(b, word, 0x297a2d39)
        c = mix(c, word, 0x5bd1e995)
        d = mix(d, word, 0x1b873593)
      }
      const lanes = [mix(a, b, 0x846ca68b), mix(b, c, 0x68e31da5), mix(c, d, 0x45d9f3b7), mix(d, a, 0x119de1f3)]
      for (let k = 0; k < 4; k++) this.sums[k] = (this.sums[k] + lanes[k]) >>> 0
    }
    this.count += count
  }

  toString() {
    return this.sums.map(sum => sum.toString(16).padStart(8, '0')).join('')
  }
}
