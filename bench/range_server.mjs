// Files over HTTP with ranges and a delay before every answer: a distant server for bench/query.sh.
// usage: node range_server.mjs FOLDER PORT LATENCY_MS; GET /-/counts tells requests and bytes of bodies since the last time it was asked.
import fs from 'node:fs'
import http from 'node:http'
import path from 'node:path'

const [, , folder, port, latency] = process.argv
let requests = 0, bytes = 0

function answer(request, response) {
  if (request.url === '/-/counts') {
    response.end(JSON.stringify({ requests, bytes }))
    requests = bytes = 0
    return
  }
  const name = path.join(folder, path.basename(decodeURIComponent(request.url)))
  let size
  try {
    size = fs.statSync(name).size
  } catch {
    response.writeHead(404).end()
    return
  }
  const match = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? '')
  let first = 0, last = size - 1
  if (match && match[1] !== '') {
    first = Number(match[1])
    if (match[2] !== '') last = Math.min(last, Number(match[2]))
  } else if (match) {
    first = Math.max(0, size - Number(match[2]))
  }
  const head = { 'Accept-Ranges': 'bytes', 'Content-Length': last - first + 1, ETag: `"${size}"` }
  if (match) head['Content-Range'] = `bytes ${first}-${last}/${size}`
  requests++
  bytes += last - first + 1
  setTimeout(() => {
    response.writeHead(match ? 206 : 200, head)
    fs.createReadStream(name, { start: first, end: last, highWaterMark: 1 << 20 }).pipe(response)
  }, Number(latency))
}

const server = http.createServer(answer)
server.keepAliveTimeout = 60000
server.listen(Number(port), '127.0.0.1', () => console.log('ready'))
