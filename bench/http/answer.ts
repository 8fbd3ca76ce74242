/** Whether an answer is whole: "ok" behind the headers, or the last chunk behind that. */
export function isWhole(data: Buffer): boolean {
  const end = data.subarray(-7).toString('latin1')
  return end.endsWith('\n\r\nok') || end.endsWith('\r\n0\r\n\r\n')
}
