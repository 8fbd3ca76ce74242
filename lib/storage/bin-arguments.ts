import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { badOption, SessionOptionError } from '../base/errors'
import { portOf, type SessionStorageOptions } from './server/options'

export const USAGE = `sojourn-storage: keeps sessions in one file and serves them to Redis clients

  --file PATH               the file, made when absent (required)
  --host ADDRESS            where to listen; default 127.0.0.1, anything beyond loopback needs a password
  --port NUMBER             default 3001; 0: any that is free
  --requirepass-file PATH   a file whose first line is the password that clients have to give
  --save-frequency MS       the longest that an answered write may be on the way to the disk; default 15000,
                            0: it is there before the answer
  --help
`

const FLAGS = {
  file: { type: 'string' },
  host: { type: 'string' },
  port: { type: 'string' },
  'requirepass-file': { type: 'string' },
  'save-frequency': { type: 'string' },
  help: { type: 'boolean' },
} as const

/** From a file, because every user of a machine can read the command lines of all processes. */
function readPassword(path: string): string {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new SessionOptionError(`option --requirepass-file: ${(error as Error).message}`)
  }
  const [password = ''] = text.split(/\r?\n/, 1)
  if (password === '') {
    throw new SessionOptionError(
      'option --requirepass-file: expected a password on the first line, got nothing',
    )
  }
  return password
}

/**
 * @param words the command line without the program
 * @returns `'help'` when that was asked for
 * @throws SessionOptionError saying which word is wrong
 */
export function parseStorageArguments(words: readonly string[]): SessionStorageOptions | 'help' {
  let values: { [Flag in keyof typeof FLAGS]?: string | boolean }
  try {
    values = parseArgs({ args: [...words], options: FLAGS, allowPositionals: false }).values
  } catch (error) {
    throw new SessionOptionError((error as Error).message)
  }
  if (values.help) return 'help'
  const text = (flag: Exclude<keyof typeof FLAGS, 'help'>): string | undefined => {
    const value = values[flag]
    if (value === '') badOption(`--${flag}`, 'a value', value)
    return value as string | undefined
  }
  const saveFile = text('file') ?? badOption('--file', 'the path of a file', undefined)
  const port = text('port')
  const frequency = text('save-frequency')
  if (frequency !== undefined && !/^\d{1,9}$/.test(frequency)) {
    badOption('--save-frequency', 'milliseconds as a whole number', frequency)
  }
  const passwordFile = text('requirepass-file')
  return {
    saveFile,
    host: text('host'),
    port: port === undefined ? undefined : portOf(port, '--port'),
    saveFrequency: frequency === undefined ? undefined : Number(frequency),
    requirepass: passwordFile === undefined ? undefined : readPassword(passwordFile),
  }
}
