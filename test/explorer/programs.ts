import { changes } from './programs-of-changes'
import { methods } from './programs-of-methods'
import { sideBySide } from './programs-side-by-side'
import type { Program } from './visit'

const list = { ...changes, ...methods, ...sideBySide }

export type ProgramName = keyof typeof list

/** What requests do with one session, each in the shape in which applications do it. */
export const PROGRAMS = Object.fromEntries(
  Object.entries(list).map(([name, program]) => [name, { name, ...program }]),
) as unknown as Record<ProgramName, Program>
