/** `npm run compare`: the faults of express-session, met or not met, in express-session and in this package. */
import { CASES } from './express-session'
import { verdictsOf } from './verdicts'

const { version } = require('express-session/package.json') as { version: string }

async function main(): Promise<void> {
  const [theirs, ours] = await Promise.all([verdictsOf('express-session'), verdictsOf('sojourn')])
  const failureOf = (verdicts: typeof theirs, number: number) =>
    verdicts.find((verdict) => verdict.number === number)?.failure
  const width = Math.max(...CASES.map(({ title }) => title.length))
  const head = `express-session ${version}`
  console.log(`${' '.repeat(4 + width)}  ${head}  sojourn`)
  for (const { number, title } of CASES) {
    const [a, b] = [failureOf(theirs, number), failureOf(ours, number)]
    const cells = [(a ? 'no' : 'yes').padEnd(head.length), b ? 'no' : 'yes']
    console.log(`${String(number).padStart(2)}  ${title.padEnd(width)}  ${cells.join('  ')}`)
    for (const [name, failure] of [
      ['express-session', a],
      ['sojourn', b],
    ]) {
      if (failure) console.log(`      ${name}: ${failure}`)
    }
  }
  if (CASES.some(({ number }) => failureOf(ours, number))) process.exitCode = 1
}

void main()
