import type { Case } from './case'
import { ENDS, WRITES } from './cases-body'
import { HEADS, LENGTHS } from './cases-head'
import { STREAMS } from './cases-stream'

export const CASES: readonly Case[] = [...ENDS, ...WRITES, ...LENGTHS, ...HEADS, ...STREAMS]
