import type { Case } from './case'
import { ENDS, WRITES } from './cases-body'
import { HEADS } from './cases-head'
import { LENGTHS } from './cases-length'
import { STREAMS } from './cases-stream'

export const CASES: readonly Case[] = [...ENDS, ...WRITES, ...LENGTHS, ...HEADS, ...STREAMS]
