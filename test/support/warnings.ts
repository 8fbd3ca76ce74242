import { partOf } from './kits'

export interface Heard {
  code: string
  message: string
}

/** The process warnings of this package while `work` runs and until what it began has been told, as if none had come before. */
export async function warningsOf(work: () => unknown): Promise<Heard[]> {
  partOf('base/warnings').forgetWarnings()
  const heard: Heard[] = []
  const listen = (warning: Error & { code?: string }) => {
    if (warning.name === 'SojournWarning') heard.push({ code: warning.code ?? '', message: warning.message })
  }
  process.on('warning', listen)
  try {
    await work()
    // Warnings are emitted in a turn of their own.
    await new Promise((resolve) => setImmediate(resolve))
  } finally {
    process.off('warning', listen)
  }
  return heard
}
