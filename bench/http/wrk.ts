/** The load by wrk where it is installed: one thread, kept-alive connections, cookies in turn. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const HAS_WRK = hasWrk()

function hasWrk(): boolean {
  try {
    execFileSync('wrk', ['-v'], { stdio: 'ignore' })
    return true
  } catch (error) {
    // It prints its version with an exit code of 1.
    return (error as { code?: unknown }).code === undefined
  }
}

const SCRIPT = `
local requests = {}
local turn = 0
function init(args)
  for i, cookie in ipairs(args) do
    requests[i] = wrk.format("GET", "/", { Cookie = cookie })
  end
  if #requests == 0 then requests[1] = wrk.format("GET", "/") end
end
function request()
  turn = turn % #requests + 1
  return requests[turn]
end
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format('{"requests":%d,"us":%d,"p50Us":%d,"p99Us":%d,"errors":%d}',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
`

let scriptFile: string | undefined

/** @returns the arguments of a `wrk` that prints one line of JSON */
export function wrkArguments(
  port: number,
  connections: number,
  seconds: number,
  cookies: string[],
): string[] {
  if (!scriptFile) {
    scriptFile = join(mkdtempSync(join(tmpdir(), 'sojourn-wrk-')), 'load.lua')
    writeFileSync(scriptFile, SCRIPT)
  }
  const load = ['-t1', `-c${connections}`, `-d${seconds}s`, '-s', scriptFile]
  return ['wrk', ...load, `http://127.0.0.1:${port}/`, '--', ...cookies]
}

export interface WrkResult {
  requests: number
  us: number
  p50Us: number
  p99Us: number
  errors: number
}

/** wrk prints its own summary before what the script writes. */
export function wrkResult(output: string): WrkResult {
  const line = output.slice(output.lastIndexOf('{'))
  const result = JSON.parse(line) as WrkResult
  if (result.errors > 0) throw new Error(`wrk counted ${result.errors} errors`)
  return result
}
