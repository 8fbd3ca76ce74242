import { createHash, timingSafeEqual } from 'node:crypto'
import { bytesFromText } from './bytes'

const digest = (text: string): Buffer => createHash('sha256').update(bytesFromText(text)).digest()

/**
 * @returns a comparison whose time depends neither on where two passwords differ nor on how long the right one is,
 * because it compares digests of one length
 */
export function passwordCheck(password: string): (candidate: string) => boolean {
  const expected = digest(password)
  return (candidate) => timingSafeEqual(digest(candidate), expected)
}
